"""Deliveries that are still being written."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.base import CollectError
from collectors.bills.under_way import refuse_unfinished
from collectors.place import Place

WRITTEN = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def place(name: str, modified: datetime | None) -> Place:
    return Place(name, 1, "1", name, modified)


def test_a_file_newer_than_its_manifest_is_waited_for_while_a_run_may_be_going_on() -> None:
    manifest, part = place("manifest.json", WRITTEN), place("part.csv", WRITTEN + timedelta(seconds=5))
    with pytest.raises(CollectError, match=r"part\.csv is newer than its manifest") as refused:
        refuse_unfinished(manifest, [part], WRITTEN + timedelta(hours=1))
    assert not refused.value.permanent
    refuse_unfinished(manifest, [part], WRITTEN + timedelta(hours=4))
    refuse_unfinished(part, [manifest], WRITTEN + timedelta(hours=1))
    refuse_unfinished(manifest, [place("on-disk.csv", None)], WRITTEN)
