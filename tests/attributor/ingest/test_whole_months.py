"""A month that is delivered anew under other names: what the new delivery no longer has is taken back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import azure_exports
import pytest
from aws_exports import charge, into_folder, write_chunks, write_manifest

from attributor.ingest.ingest import Stores, ingest
from attributor.ingest.progress import Silent
from attributor.ingest.staging import SCHEMAS
from attributor.lake.duck import connect
from attributor.lake.lake import Lake
from attributor.ledger.collected import collected_days
from attributor.ledger.engine import open_engine
from attributor.ledger.lease import acquire
from attributor.ledger.schema import migrate
from collectors.base import SourceSettings
from collectors.bills.aws.focus import TYPE
from collectors.bills.azure.focus import TYPE as AZURE_FOCUS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


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


@pytest.mark.slow
def test_a_day_that_the_newest_run_no_longer_has_is_taken_back(stores: Stores, tmp_path: Path) -> None:
    write = into_folder(tmp_path / "bills")
    collector = TYPE.build(SourceSettings("aws", {"path": "focus"}, tmp_path / "bills", lambda: NOW))
    old, new = "2026-11-18T05:00:01.100Z-aaaa", "2026-11-20T05:00:02.200Z-bbbb"
    write_chunks(write, [charge("3", day=1)], month="2026-12")
    write_manifest(write, 1, month="2026-12")
    write_chunks(write, [charge("1", day=18)], [charge("2", day=19)], run=old)
    write_manifest(write, 2, old)
    ingest(collector, stores, NOW, Silent())
    write_chunks(write, [charge("3", day=18)], run=new)
    write_manifest(write, 1, new)
    assert ingest(collector, stores, NOW, Silent()).changed == (date(2026, 11, 18), date(2026, 11, 19))
    rows = {day.day: found.rows for (_, day), found in collected_days(stores.engine, "charges").items()}
    assert rows == {1: 1, 18: 1, 19: 0}


@pytest.mark.slow
def test_each_daily_export_of_a_month_replaces_the_last_one(stores: Stores, tmp_path: Path) -> None:
    write = into_folder(tmp_path / "bills")
    collector = AZURE_FOCUS.build(SourceSettings("azure", {"path": "exports"}, tmp_path / "bills", lambda: NOW))

    def after(day: int, *charges: tuple[str, int]) -> dict[int, int]:
        rows = [azure_exports.charge(cost, day=of) for cost, of in charges]
        folder = azure_exports.folder_of(f"202611{day}0500/{99 - day}")
        azure_exports.write_run(write, folder, f"2026-11-{day}T05:00:00", *([rows] if rows else []))
        ingest(collector, stores, NOW, Silent())
        return {day.day: found.rows for (_, day), found in collected_days(stores.engine, "charges").items()}

    assert after(18, ("1", 16), ("1", 17), ("1", 17)) == {16: 1, 17: 2}
    assert after(19, ("1", 16), ("2", 17), ("1", 18)) == {16: 1, 17: 1, 18: 1}
    assert after(20, ("5", 18), ("5", 18)) == {16: 0, 17: 0, 18: 2}
    assert after(21) == {16: 0, 17: 0, 18: 0}, "the newest run has no charges at all"
