"""A source to which rows are only ever added, days and weeks later: only days that got some are read again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bigquery_api import FakeBigQuery
from billing_schemas import STANDARD
from recorded_api import served

from attributor.ingest.ingest import Ingested, Stores, ingest
from attributor.ingest.progress import Silent
from attributor.ingest.staging import SCHEMAS
from attributor.lake.duck import connect
from attributor.lake.lake import Lake
from attributor.ledger.engine import open_engine, reading
from attributor.ledger.lease import acquire
from attributor.ledger.schema import migrate
from attributor.ledger.sources import coverage_of, source_state
from attributor.reports.controls import source_controls
from collectors.base import SourceSettings, Window
from collectors.bills.gcp.bigquery import TYPE

TABLE = "acme-billing.billing.gcp_billing_export_v1_01AB23_45CD67_89EF01"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def row(number: int, cost: float, exported: datetime) -> dict[str, Any]:
    start = day(number) + timedelta(hours=5)
    return {
        "usage_start_time": start.isoformat(),
        "usage_end_time": (start + timedelta(hours=1)).isoformat(),
        "export_time": exported.isoformat(),
        "cost": cost,
        "currency": "USD",
        "credits": [],
        "invoice": {"month": "202611"},
    }


@pytest.fixture
def api() -> Iterator[FakeBigQuery]:
    pytest.importorskip("google.cloud.bigquery", reason="google-cloud-bigquery is not installed: attributor[gcp]")
    with served(FakeBigQuery(TABLE, STANDARD)) as running:
        running.rows = [row(number, 1.5, day(number) + timedelta(hours=9)) for number in range(2, 20)]
        yield running


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    lease = acquire(engine, "leader", "here:1:1", NOON, timedelta(days=9))
    assert lease is not None
    connection = connect("512MiB", 1, tmp_path)
    yield Stores(Lake(str(tmp_path / "lake"), {}, dict(SCHEMAS)), engine, lease, connection)
    connection.close()
    engine.dispose()


def read(api: FakeBigQuery, stores: Stores, now: datetime) -> Ingested:
    options = {"table": TABLE, "endpoint_url": api.url, "backfill": "20d", "restates": "40d"}
    api.queries.clear()
    collector = TYPE.build(SourceSettings("gcp", options, Path(), lambda: now))
    return ingest(collector, stores, now, Silent())


def asked_days(api: FakeBigQuery) -> list[str]:
    """The first days of the windows whose rows were asked for."""
    return [sql.partition('TIMESTAMP("')[2][:10] for sql in api.queries if " AS number" in sql]


def test_a_row_that_comes_weeks_late_makes_its_day_be_read_again_and_no_other(api, stores) -> None:
    assert len(read(api, stores, NOON).changed) == 18
    assert coverage_of(stores.engine, "gcp") == (Window(day(2), day(18)),)
    api.rows.append(row(3, 0.25, NOON + timedelta(hours=1)))
    again = read(api, stores, NOON + timedelta(hours=2))
    assert again.changed == (day(3).date(),)
    assert asked_days(api) == ["2026-11-03", "2026-11-18"], "the eighteenth is over and not complete yet"
    with reading(stores.engine) as connection:
        [control] = source_controls(connection)
    assert control.difference == 0
    assert control.bases["effective"].stored == Decimal("4.75"), "of the days that were read again"


def test_a_day_is_complete_when_the_export_has_gone_past_it(api, stores) -> None:
    read(api, stores, NOON)
    api.rows += [row(20, 1.0, day(21) + timedelta(hours=6))]
    read(api, stores, day(21) + timedelta(hours=7))
    assert coverage_of(stores.engine, "gcp") == (Window(day(2), day(20)),)


def test_where_no_row_was_added_nothing_is_read_but_the_numbers_of_rows(api, stores) -> None:
    read(api, stores, NOON)
    api.rows += [row(20, 1.0, day(22) + timedelta(hours=6))]
    read(api, stores, day(22) + timedelta(hours=7))
    later = day(22) + timedelta(hours=8)
    assert read(api, stores, later) == Ingested("gcp", 0, ())
    assert [sql for sql in api.queries if " AS charges" not in sql] == []
    state = source_state(stores.engine, "gcp")
    assert state is not None
    assert state.succeeded_at == later
