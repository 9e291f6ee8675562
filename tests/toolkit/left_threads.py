"""No module of tests leaves a thread running: it would go on beside the tests of others, and disturb them."""

import gc
import sys
from collections.abc import Generator, Iterable
from concurrent.futures import thread as pools
from pathlib import Path
from threading import Thread
from threading import enumerate as running
from time import monotonic, sleep
from typing import Any

import pytest

PATIENCE = 10.0
"""Seconds for threads to end that were told to."""


class LeftThreads:
    """Fails the last test of a module that started threads which are still at work when its fixtures have ended."""

    def __init__(self) -> None:
        self.known = set(running())

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """What a fixture of the whole session starts is to go on."""
        before = set(running())
        made = yield
        if fixturedef.scope in ("session", "package"):
            self.known |= set(running()) - before
        return made

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
        yield
        if nextitem is None or nextitem.path != item.path:
            left = self._left()
            self.known |= left
            assert not left, f"{item.path.name} leaves running: {', '.join(map(said, left))}"

    def _left(self) -> set[Thread]:
        end = monotonic() + PATIENCE
        left = at_work(set(running()) - self.known)
        if left:
            gc.collect()  # some end with what they belong to
        while left and monotonic() < end:
            sleep(0.02)
            left = at_work(left)
        return left


def at_work(threads: Iterable[Thread]) -> set[Thread]:
    """Those that live, but for a pool's that wait for work: these do nothing by themselves."""
    frames = sys._current_frames()
    waiting = {ident for ident, frame in frames.items() if frame.f_code is pools._worker.__code__}
    return {thread for thread in threads if thread.is_alive() and thread.ident not in waiting}


def said(thread: Thread) -> str:
    """A thread's name and where it stands."""
    frame = sys._current_frames().get(thread.ident or 0)
    places = []
    while frame:
        places.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return f"{thread.name} ({' < '.join(places[:6])})"
