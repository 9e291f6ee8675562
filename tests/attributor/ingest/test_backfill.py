"""The first reading of an API: month by month, each stored before the next, and resumed where it was interrupted."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from made_up_costs import TYPE, costs_of
from recorded_api import Answer, Asked, RecordedApi, serving

from attributor.ingest.ingest import Stores, ingest
from attributor.ingest.progress import Silent
from attributor.ingest.staging import SCHEMAS
from attributor.lake.duck import connect
from attributor.lake.lake import Lake
from attributor.ledger.collected import collected_days
from attributor.ledger.engine import open_engine, reading
from attributor.ledger.lease import acquire
from attributor.ledger.schema import migrate
from attributor.ledger.sources import coverage_of
from attributor.reports.controls import source_controls
from collectors.base import CollectError, Collector, SourceSettings, Window

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIRST = datetime(2025, 10, 13, tzinfo=UTC)
"""13 months of 31 days before."""


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    with serving() as running:
        yield running


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    lease = acquire(engine, "leader", "here:1:1", NOW, timedelta(hours=1))
    assert lease is not None
    connection = connect("512MiB", 1, tmp_path)
    yield Stores(Lake(str(tmp_path / "lake"), {}, dict(SCHEMAS)), engine, lease, connection)
    connection.close()
    engine.dispose()


def build(api: RecordedApi, now: datetime = NOW) -> Collector:
    return TYPE.build(SourceSettings("costs", {"url": api.url, "backfill": "13mo"}, Path(), lambda: now))


def asked_from(api: RecordedApi) -> list[str]:
    return [asked.query["from"] for asked in api.requests]


@pytest.mark.slow
def test_a_backfill_is_stored_month_by_month_and_goes_on_where_it_was_interrupted(stores, api, caplog) -> None:
    def broken_in_january(asked: Asked) -> Answer:
        return Answer("no", 403) if asked.query["from"] == "2026-01-01" else costs_of(asked)

    api.on("/v1/costs", broken_in_january)
    with pytest.raises(CollectError, match="answered 403"):
        ingest(build(api), stores, NOW, Silent())
    assert asked_from(api) == ["2025-10-13", "2025-11-01", "2025-12-01", "2026-01-01"]
    assert coverage_of(stores.engine, "costs") == (Window(FIRST, datetime(2026, 1, 1, tzinfo=UTC)),)
    assert len(collected_days(stores.engine, "charges")) == 19 + 30 + 31
    api.requests.clear()
    api._routes.clear()
    api.on("/v1/costs", costs_of)
    with caplog.at_level(logging.INFO):
        ingested = ingest(build(api), stores, NOW, Silent())
    assert asked_from(api)[:2] == ["2025-12-29", "2026-01-01"]
    assert coverage_of(stores.engine, "costs") == (Window(FIRST, NOW.replace(hour=0)),)
    assert ingested.changed[0] == date(2026, 1, 1)
    assert len(ingested.changed) == (date(2026, 11, 20) - date(2026, 1, 1)).days
    assert "costs: reading 2026-01-01, 2 of 12" in caplog.messages


def test_what_several_months_were_read_from_holds_all_that_was_stored_of_them(stores, api) -> None:
    api.on("/v1/costs", costs_of)
    collector = TYPE.build(SourceSettings("costs", {"url": api.url, "backfill": "31d"}, Path(), lambda: NOW))
    ingest(collector, stores, NOW, Silent())
    assert asked_from(api) == ["2026-10-20", "2026-11-01"]
    with reading(stores.engine) as connection:
        [control] = source_controls(connection)
    assert (control.files, control.rows, control.difference, control.kept) == (2, 31, 0, 0)
    assert control.bases["effective"].stored == sum(range(20, 32)) + sum(range(1, 20)) + Decimal("0.31")


def test_reading_what_may_be_restated_again_changes_nothing_that_stayed(stores, api) -> None:
    api.on("/v1/costs", costs_of)
    collector = TYPE.build(SourceSettings("costs", {"url": api.url, "backfill": "10d"}, Path(), lambda: NOW))
    assert len(ingest(collector, stores, NOW, Silent()).changed) == 10
    again = ingest(collector, stores, NOW, Silent())
    assert (again.rows, again.changed) == (3, ())
    assert asked_from(api)[-1] == "2026-11-17"
