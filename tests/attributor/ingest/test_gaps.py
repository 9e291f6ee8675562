"""What an API left out is asked for again, what it forgets is kept, and what asking took is noted."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from attributor.ingest.gaps import gaps_to_ask, less
from attributor.ingest.ingest import Stores, ingest
from attributor.ingest.progress import Silent
from attributor.ingest.staging import SCHEMAS
from attributor.lake.duck import connect
from attributor.lake.lake import Lake
from attributor.ledger.asking import Asked, asked_this_month
from attributor.ledger.collected import collected_days
from attributor.ledger.engine import open_engine
from attributor.ledger.lease import acquire
from attributor.ledger.schema import migrate
from attributor.ledger.sources import coverage_of
from collectors.api.windowed import Answered, WindowedCollector, WindowedSource
from collectors.api.windows import DAY, HOUR, pieces
from collectors.aws.asking import Asking
from collectors.base import CollectError, SourceSettings, Window

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@dataclass
class Provider:
    """The far side: it answers no hour that is `silent`, refuses where it is `broken`, and takes a cent a request."""

    silent: set[datetime] = field(default_factory=set)
    broken: bool = False
    asked: list[Window] = field(default_factory=list)

    def collector(self, now: datetime = NOW) -> WindowedCollector[Asking]:
        settings = SourceSettings("gpus", {}, Path(), lambda: now)
        return WindowedCollector(
            WindowedSource(
                settings,
                "usage",
                "provider",
                lambda: nullcontext(Asking()),
                self._fetch,
                "read",
                unit=HOUR,
                piece=31 * DAY,
                backfill=15 * DAY,
                restates=DAY,
                settles=timedelta(),
            )
        )

    def _fetch(self, asking: Asking, piece: Window) -> Iterator[Answered]:
        asking.count(Decimal("0.01"))
        if self.broken:
            raise CollectError("provider answered 503", permanent=False)
        self.asked.append(piece)
        for hour in pieces(piece, HOUR):
            if hour.start not in self.silent:
                yield Answered(hour, [{"hour": hour.start, "metric": "gpu.hours", "quantity": 1}])


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    lease = acquire(engine, "leader", "here:1:1", NOW, timedelta(days=30))
    assert lease is not None
    connection = connect("512MiB", 1, tmp_path)
    yield Stores(Lake(str(tmp_path / "lake"), {}, dict(SCHEMAS)), engine, lease, connection)
    connection.close()
    engine.dispose()


def read(provider: Provider, stores: Stores, now: datetime = NOW) -> list[Window]:
    """Read the source; return what the provider was asked for."""
    provider.asked.clear()
    ingest(provider.collector(now), stores, now, Silent())
    return list(provider.asked)


def test_an_hour_that_was_left_out_is_asked_for_by_the_next_reading_and_then_once_a_day(stores: Stores) -> None:
    provider = Provider(silent={at(10, 7), at(10, 8)})
    read(provider, stores)
    assert coverage_of(stores.engine, "gpus") == (Window(at(5), at(10, 7)), Window(at(10, 9), NOW))
    due, gap = Window(at(19), NOW), Window(at(10), at(11))
    assert read(provider, stores) == [due, gap]
    assert read(provider, stores, NOW + HOUR) == [Window(at(19), NOW + HOUR)]
    provider.silent.clear()
    assert gap in read(provider, stores, NOW + DAY)
    assert coverage_of(stores.engine, "gpus") == (Window(at(5), NOW + DAY),)
    assert collected_days(stores.engine, "usage")["gpus", date(2026, 11, 10)].rows == 24
    assert gap not in read(provider, stores, NOW + 2 * DAY)


def test_gaps_are_asked_for_no_further_back_than_the_backfill_and_not_twice_in_one_reading() -> None:
    collector = Provider().collector()
    covered = [Window(at(1), at(3)), Window(at(4), at(6)), Window(at(7, 5), at(19, 3)), Window(at(19, 9), at(20, 9))]
    assert gaps_to_ask(collector, covered, NOW) == [Window(at(6), at(8))]
    assert gaps_to_ask(collector, [], NOW) == []
    assert gaps_to_ask(collector, [Window(at(19), NOW)], NOW) == []


def test_a_day_of_which_less_is_told_than_before_stays_as_it_was(stores: Stores, caplog) -> None:
    provider = Provider()
    read(provider, stores)
    before = collected_days(stores.engine, "usage")["gpus", date(2026, 11, 19)]
    provider.silent = {at(19, hour) for hour in range(6)}
    read(provider, stores, NOW + HOUR)
    assert collected_days(stores.engine, "usage")["gpus", date(2026, 11, 19)] == before
    assert collected_days(stores.engine, "usage")["gpus", date(2026, 11, 20)].rows == 13
    assert "gpus: told less of 2026-11-19 than before; it stays as it was" in caplog.messages
    assert coverage_of(stores.engine, "gpus") == (Window(at(5), NOW + HOUR),)


def test_what_asking_took_is_noted_of_readings_that_fail_too(stores: Stores) -> None:
    provider = Provider()
    read(provider, stores)
    assert asked_this_month(stores.engine, NOW) == {"gpus": Asked(1, Decimal("0.01"))}
    provider.broken = True
    with pytest.raises(CollectError):
        read(provider, stores, NOW + HOUR)
    assert asked_this_month(stores.engine, NOW + HOUR) == {"gpus": Asked(2, Decimal("0.02"))}
    assert asked_this_month(stores.engine, NOW + 30 * DAY) == {}


def test_what_is_left_of_spans_has_no_holes_in_it() -> None:
    spans = [Window(at(1), at(5)), Window(at(7), at(9))]
    holes = [Window(at(2), at(3)), Window(at(4), at(8)), Window(at(20), at(21))]
    assert less(spans, holes) == (Window(at(1), at(2)), Window(at(3), at(4)), Window(at(8), at(9)))
    assert less(spans, []) == tuple(spans)
    assert less(spans, spans) == ()
