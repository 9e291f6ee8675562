"""The days of a lake on an S3 server, computed by a real Dask cluster: one scheduler, two workers, all on loopback."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.lake.lake import Lake, Partition, existing_table
from attributor.lake.views import files_by_partition
from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine
from attributor.ledger.publications import publications
from attributor.ledger.schema import migrate

PATIENCE = 240
STORE = "store: {lake: ./data/lake, ledger: sqlite:///data/ledger.db}"


@dataclass
class Dask:
    """A scheduler and its workers, processes of ours."""

    folder: Path
    processes: list[subprocess.Popen[bytes]]
    address: str = ""

    @property
    def workers(self) -> list[subprocess.Popen[bytes]]:
        return self.processes[1:]

    def start(self, *command: str) -> None:
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen([sys.executable, "-m", *command, "--no-dashboard"], stdout=log, stderr=log)
            )

    def start_worker(self) -> None:
        self.start(
            "distributed.cli.dask_worker",
            self.address,
            *("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder)),
        )


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    found = Dask(tmp_path, [])
    where = tmp_path / "scheduler.json"
    try:
        found.start(
            "distributed.cli.dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(where)),
        )
        wait_until(lambda: where.exists() and where.read_text().endswith("}"))
        found.address = json.loads(where.read_text())["address"]
        found.start_worker()
        found.start_worker()
        yield found
    finally:
        for process in found.processes:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that nobody has collected or attributed yet."""
    folder = tmp_path_factory.mktemp("company") / "new"
    write_company(folder, DemoPlan(days=10, charges=400, seed=11, now=datetime.now(UTC)))
    return folder


@dataclass(frozen=True)
class Stored:
    """What a run left behind: the ledger's text, and the file of allocations of every source and day."""

    ledger: str
    allocations: dict[Partition, list[bytes]]


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """What one process makes of the company, in a lake on disk."""
    here = Path(shutil.copytree(folder, tmp_path_factory.mktemp("here") / "company"))
    with run(here) as process:
        assert finished(here, process)[0] == 0
    lake = here / "data" / "lake"
    return Stored(ledger(here), committed(Lake(str(lake), {}, {}), lambda path: (lake / path).read_bytes()))


@pytest.fixture
def bucket(s3_options: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Any]:
    resource = boto3.resource(
        "s3",
        endpoint_url=s3_options["aws_endpoint_url"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    made = resource.Bucket(f"cluster-{abs(hash(request.node.nodeid))}")
    made.create()
    yield made
    resource.meta.client.close()


@pytest.fixture
def company(folder: Path, tmp_path: Path, dask: Dask, bucket: Any, s3_options: dict[str, str]) -> Path:
    """The company with its lake on the S3 server and its engine on the cluster."""
    made = Path(shutil.copytree(folder, tmp_path / "company"))
    config = (made / "attributor.yaml").read_text()
    assert STORE in config
    store = {"lake": f"s3://{bucket.name}/lake", "ledger": "sqlite:///data/ledger.db", "lake_options": s3_options}
    computing = {"executor": "dask", "scheduler": dask.address}
    config = config.replace(STORE, f"store: {json.dumps(store)}") + f"\nengine: {json.dumps(computing)}\n"
    (made / "attributor.yaml").write_text(config)
    (made / "data").mkdir()
    engine = open_engine(f"sqlite:///{made}/data/ledger.db")
    migrate(engine)
    engine.dispose()
    return made


@contextmanager
def run(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run once in a process of its own, which does not outlive the block."""
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "attributor", "run"], cwd=folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finished(folder: Path, process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for the end; return the exit code and the last line that was said."""
    code = process.wait(timeout=2 * PATIENCE)
    return code, (folder / "run.log").read_text().strip().splitlines()[-1]


def ledger(folder: Path) -> str:
    engine = open_engine(f"sqlite:///{folder}/data/ledger.db")
    try:
        return canonical_dump(engine).replace(str(folder), "")
    finally:
        engine.dispose()


def published(folder: Path) -> int:
    engine = open_engine(f"sqlite:///{folder}/data/ledger.db")
    try:
        return len(publications(engine))
    finally:
        engine.dispose()


def committed(lake: Lake, content: Callable[[str], bytes]) -> dict[Partition, list[bytes]]:
    """What the newest version of the allocations holds; files that nobody committed are no part of it."""
    table = existing_table(lake, "allocations")
    assert table is not None
    return {
        partition: [content(f"allocations/{path}") for path in paths]
        for partition, paths in files_by_partition(table).items()
    }


def stored(folder: Path, bucket: Any, options: dict[str, str]) -> Stored:
    def content(path: str) -> bytes:
        found: bytes = bucket.Object(f"lake/{path}").get()["Body"].read()
        return found

    return Stored(ledger(folder), committed(Lake(f"s3://{bucket.name}/lake", options, {}), content))


def kill_one_at_work(dask: Dask) -> None:
    """Kill a worker while it computes a piece."""
    from distributed import Client  # takes half a second, and pytest reads this file in every worker

    with Client(dask.address, set_as_default=False) as client:
        wait_until(lambda: any(client.processing().values()))
        busy = next(worker for worker, tasks in client.processing().items() if tasks)
        process = client.run(os.getpid, workers=[busy])[busy]
        (worker,) = (worker for worker in dask.workers if worker.pid == process)
        worker.kill()
        wait_until(lambda: len(client.nthreads()) == len(dask.workers) - 1)


@pytest.mark.slow
def test_two_workers_on_an_object_store_leave_what_one_process_leaves_on_disk_to_the_last_byte(
    company: Path, bucket: Any, s3_options: dict[str, str], undisturbed: Stored
) -> None:
    with run(company) as process:
        code, said = finished(company, process)
    assert code == 0, said
    assert stored(company, bucket, s3_options) == undisturbed
    assert {len(files) for files in undisturbed.allocations.values()} == {1}


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    company: Path, dask: Dask, bucket: Any, s3_options: dict[str, str], undisturbed: Stored
) -> None:
    with run(company) as process:
        wait_until(lambda: published(company))
        kill_one_at_work(dask)
        assert process.poll() is None, "there is more to do"
        code, said = finished(company, process)
    assert code == 0, said
    assert stored(company, bucket, s3_options) == undisturbed


@pytest.mark.slow
def test_a_scheduler_that_is_lost_in_the_middle_is_said_in_a_line_and_the_next_run_goes_on(
    company: Path, dask: Dask, undisturbed: Stored
) -> None:
    with run(company) as process:
        wait_until(lambda: published(company))
        dask.processes[0].kill()
        code, said = finished(company, process)
    assert (code, said.count(dask.address)) == (2, 1), said
    assert said.endswith("what was published before stands, run again for the rest")
    before = published(company)
    config = (company / "attributor.yaml").read_text()
    (company / "attributor.yaml").write_text(config.replace('"executor": "dask"', '"executor": "local"'))
    with run(company) as process:
        assert finished(company, process)[0] == 0
    assert published(company) > before > 0
    assert ledger(company) == undisturbed.ledger
