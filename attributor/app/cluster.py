"""Who computes the days: this process, or the workers of a Dask cluster."""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from threading import Thread
from time import monotonic
from typing import Any

from attributor.app.errors import ClusterError
from attributor.app.failures import first_line
from attributor.attributing.attribute import DayWork
from attributor.attributing.beside import work_beside
from attributor.attributing.pieces import OtherProgramError
from attributor.attributing.spread import Cluster, spread_month
from attributor.config.settings import Settings
from rules.problem import Problem

_PATIENCE = 20.0
"""Seconds for the scheduler to answer, and for a worker to be there, at the beginning and later."""

_RETRIES = 2
"""Of a piece that failed, for example because the object store did not answer; one whose worker died is given to
another anyway, as often as the scheduler allows."""

_MOST_AT_ONCE = 4
"""Days worked on beside each other in this process: the engine's memory is shared among them."""

_START = "start it, or correct `scheduler:` below `engine:`"
_AGAIN = "what was published before stands, run again for the rest"


def build_day_work(settings: Settings) -> tuple[Callable[[], AbstractContextManager[DayWork]], list[Problem]]:
    """Return how to open whoever computes days, and what stands in the way of it."""
    engine = settings.engine
    if engine.executor == "local":
        return _here, []
    problems = []
    if find_spec("distributed") is None:
        said = "`executor: dask` needs the package `distributed`, which is not installed"
        fix = "pip install 'attributor[dask]', or write `executor: local`"
        problems.append(Problem(str(settings.file), engine.line, said, fix))
    return partial(dask_work, engine.scheduler), problems


def _here() -> AbstractContextManager[DayWork]:
    return nullcontext(partial(work_beside, min(os.cpu_count() or 1, _MOST_AT_ONCE)))


@contextmanager
def dask_work(scheduler: str) -> Iterator[DayWork]:
    """Connect to a scheduler; days are spread over its workers during the block.

    Raises ClusterError where the scheduler is away, or goes away, has no workers, or their work cannot be used. None of
    it is permanent: what was published stands, and the next run goes on from there.
    """
    distributed = import_module("distributed")  # takes half a second, and need not be installed
    with _loop() as loop, _client(distributed, scheduler, loop) as client:
        try:
            yield partial(spread_month, _cluster(client, scheduler))
        except (distributed.KilledWorker, distributed.CancelledError, distributed.comm.CommClosedError) as error:
            raise ClusterError(f"the cluster at {scheduler} was lost: {first_line(error)} — {_AGAIN}") from error
        except OtherProgramError as error:
            fix = "install the same version on every worker"
            raise ClusterError(f"the cluster at {scheduler} cannot be used: {error} — {fix}") from error


@contextmanager
def _loop() -> Iterator[Any]:
    """A Tornado loop that runs in a thread until the end of the block.

    A client would start a thread of its own, and leave it running where the scheduler is away at first or lost later.
    """
    started: Future[tuple[Any, asyncio.Event]] = Future()

    async def run() -> None:
        ended = asyncio.Event()
        started.set_result((import_module("tornado.ioloop").IOLoop.current(), ended))
        await ended.wait()

    thread = Thread(target=asyncio.run, args=(run(),), name="dask client", daemon=True)
    thread.start()
    loop, ended = started.result()
    try:
        yield loop
    finally:
        loop.add_callback(ended.set)
        thread.join(_PATIENCE)


@contextmanager
def _client(distributed: Any, scheduler: str, loop: Any) -> Iterator[Any]:
    try:
        client = distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False, name="attributor", loop=loop)
    except (OSError, TimeoutError) as error:
        raise ClusterError(f"the scheduler {scheduler} is away: {first_line(error)} — {_START}") from error
    try:
        yield client
    finally:
        client.close(timeout=_PATIENCE)


def _cluster(client: Any, scheduler: str) -> Cluster:
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as error:
        raise ClusterError(f"the scheduler {scheduler} has no workers — start `dask worker {scheduler}`") from error
    executor = client.get_executor(pure=False, retries=_RETRIES)
    return Cluster(executor, sum(client.nthreads().values()), _Watch(client, scheduler).look)


@dataclass
class _Watch:
    """Whether the cluster lives, asked while its results are waited for."""

    client: Any
    scheduler: str
    seen: float = field(default_factory=monotonic)

    def look(self) -> None:
        """Raise ClusterError where the scheduler is gone, or all workers have been for a while."""
        if self.client.status == "closed":
            raise ClusterError(f"the scheduler {self.scheduler} went away — {_AGAIN}")
        if self.client.status == "running" and self.client.nthreads():
            self.seen = monotonic()
        elif monotonic() - self.seen > _PATIENCE:
            raise ClusterError(f"the scheduler {self.scheduler} went away, or its workers did — {_AGAIN}")
