"""Sources are read beside each other; one that fails stops none, and nobody reads on when nobody waits any more."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event

import pyarrow as pa
import pytest

from attributor.ingest.ingest import Ingested
from attributor.ingest.progress import Progress, Silent
from attributor.ingest.staging import SCHEMAS
from attributor.jobs.cycle import Works, collect
from attributor.lake.duck import connect
from attributor.lake.lake import Lake
from attributor.ledger.collected import collected_days
from attributor.ledger.engine import open_engine
from attributor.ledger.lease import acquire
from attributor.ledger.schema import migrate
from collectors.base import CollectError, Reading, Window
from rules.ruleset import RuleSet

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PATIENCE = 20


@dataclass
class Source:
    """A source of one row of usage a batch."""

    name: str
    batches: Iterator[None]
    table: str = "usage"
    restates: timedelta = timedelta()
    holds_everything: bool = True

    def revision(self) -> None:
        return None

    def collect(self, _window: Window | None) -> Iterator[pa.RecordBatch]:
        row = {
            "hour": NOW,
            "metric": "requests",
            "quantity": 1,
            "facts": [],
            "x_Source": self.name,
            "x_Day": NOW.date(),
        }
        for _ in self.batches:
            yield pa.RecordBatch.from_pylist([row], SCHEMAS["usage"])

    def reading(self) -> Reading:
        return Reading((), ())


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    lease = acquire(engine, "leader", "here:1:1", NOW, timedelta(days=30))
    assert lease is not None
    connection = connect("512MiB", 1, tmp_path)
    lake = Lake(str(tmp_path / "lake"), {}, dict(SCHEMAS))
    yield Works(engine, lake, lease, connection, RuleSet(), lambda: NOW, lambda: nullcontext(lambda *_: iter(())))
    connection.close()
    engine.dispose()


def named(*sources: Source) -> Mapping[str, Source]:
    return {source.name: source for source in sources}


def test_two_sources_are_read_beside_each_other_and_both_are_stored(works: Works) -> None:
    together = Barrier(2)

    def batches() -> Iterator[None]:
        for _ in range(3):
            together.wait(PATIENCE)
            yield

    found = collect(works, named(Source("one", batches()), Source("two", batches())), lambda _title: Silent())
    assert found.failures == ()
    assert found.ingested == tuple(Ingested(name, 3, (NOW.date(),)) for name in ("one", "two"))
    stored = collected_days(works.engine, "usage")
    assert {key: day.rows for key, day in stored.items()} == {(name, NOW.date()): 3 for name in ("one", "two")}


def test_a_source_that_fails_stops_none_and_is_told_in_its_place(works: Works) -> None:
    def broken() -> Iterator[None]:
        yield
        raise CollectError("the provider is away", permanent=False)

    sources = named(*(Source(name, broken() if name in "bd" else iter([None])) for name in "abcd"))
    found = collect(works, sources, lambda _title: Silent())
    assert [one.source for one in found.ingested] == ["a", "c"]
    assert [(one.source, one.error) for one in found.failures] == [(name, "the provider is away") for name in "bd"]


def test_where_one_reading_is_ended_the_other_ends_with_it_and_nothing_of_it_is_stored(works: Works) -> None:
    reading = Event()

    class Stopped:
        def advance(self, _amount: int = 1) -> None:
            assert reading.wait(PATIENCE)
            raise KeyboardInterrupt

    def endless() -> Iterator[None]:
        while True:
            yield
            reading.set()

    def progress(title: str) -> Progress:
        return Stopped() if title == "read one" else Silent()

    with pytest.raises(KeyboardInterrupt):
        collect(works, named(Source("one", iter([None])), Source("two", endless())), progress)
    assert collected_days(works.engine, "usage") == {}
