"""Written files become a day of a table, in one atomic commit."""

import json
from collections.abc import Sequence
from datetime import date, datetime

import stamina
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, CommitProperties

from attributor.lake.day_files import DayFile
from attributor.lake.lake import PARTITION_COLUMNS, Lake, table_to_write
from attributor.lake.views import files_by_partition

_ATTEMPTS = 20


def commit_day(lake: Lake, table: str, day: date, files: Sequence[DayFile], now: datetime) -> int:
    """Put the files in the place of everything that their sources have of the day; return the version.

    `now` is an aware instant, written down as the files' age. Where another writer commits meanwhile, it is tried
    again a few times on top of that; at last CommitFailedError is raised, and asking again is safe.
    """
    if not files or any(file.day != day for file in files):
        raise ValueError("name the files of one day")
    for attempt in stamina.retry_context(CommitFailedError, attempts=_ATTEMPTS, wait_initial=0.02, wait_max=1.0):
        with attempt:
            target = _with_columns(table_to_write(lake, table), lake, table)
            if attempt.num > 1 and _holds(target, files):  # the store did it, but its answer was lost
                return target.version()
            return _commit(target, day, files, now)
    raise AssertionError("the last attempt raises")


def _commit(target: DeltaTable, day: date, files: Sequence[DayFile], now: datetime) -> int:
    """Commit on top of exactly this version, or raise CommitFailedError.

    Were deltalake to try again by itself, it would not see that another writer added the same day: the day would then
    have the rows of both.
    """
    target.create_write_transaction(
        [_added(file, now) for file in files],
        "overwrite",
        target.schema(),
        partition_by=list(PARTITION_COLUMNS),
        partition_filters=[
            ("x_Source", "in", sorted({file.source for file in files})),
            ("x_Day", "=", day.isoformat()),
        ],
        commit_properties=CommitProperties(max_commit_retries=0),
    )
    return target.version() + 1  # the opened table does not move by itself


def _added(file: DayFile, now: datetime) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values={"x_Source": file.source, "x_Day": file.day.isoformat()},
        modification_time=int(now.timestamp() * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": file.rows}),
    )


def _holds(target: DeltaTable, files: Sequence[DayFile]) -> bool:
    stored = files_by_partition(target)
    return all(stored.get((file.source, file.day)) == frozenset({file.path}) for file in files)


def _with_columns(target: DeltaTable, lake: Lake, table: str) -> DeltaTable:
    """Add the columns that this program knows and the table does not; those that only the table knows stay."""
    known = {field.name for field in target.schema().fields}
    missing = [field for field in Schema.from_arrow(lake.schemas[table]).fields if field.name not in known]
    if missing:
        target.alter.add_columns(missing)
    return target
