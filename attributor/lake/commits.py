"""Written files become days of a table, in one atomic commit."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import stamina
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, CommitProperties

from attributor.lake.day_files import DayFile
from attributor.lake.lake import PARTITION_COLUMNS, Lake, Partition, checked_source, table_to_write
from attributor.lake.views import files_by_partition

_ATTEMPTS = 20


@dataclass(frozen=True)
class _Replaced:
    """What a commit takes away: everything that these sources have of these days."""

    sources: tuple[str, ...]
    days: tuple[date, ...]

    def holds(self, file: DayFile) -> bool:
        return file.source in self.sources and file.day in self.days


def commit_day(lake: Lake, table: str, day: date, files: Sequence[DayFile], now: datetime) -> int:
    """Put the files in the place of everything that their sources have of the day; return the version.

    `now` is an aware instant, written down as the files' age. Where another writer commits meanwhile, it is tried
    again a few times on top of that; at last CommitFailedError is raised, and asking again is safe.
    """
    if not files or any(file.day != day for file in files):
        raise ValueError("name the files of one day")
    return _replace(lake, table, _Replaced(tuple(sorted({file.source for file in files})), (day,)), files, now)


def commit_days(
    lake: Lake, table: str, source: str, days: Collection[date], files: Sequence[DayFile], now: datetime
) -> int:
    """Put the files in the place of everything that the source has of the days; return the version, as `commit_day`.

    A day without a file becomes empty.
    """
    replaced = _Replaced((checked_source(source),), tuple(sorted(days)))
    if not days:
        raise ValueError("name at least one day to replace")
    if strays := [file.path for file in files if not replaced.holds(file)]:
        raise ValueError(f"{strays[0]} is not of a day that is replaced")
    return _replace(lake, table, replaced, files, now)


def _replace(lake: Lake, table: str, replaced: _Replaced, files: Sequence[DayFile], now: datetime) -> int:
    for attempt in stamina.retry_context(CommitFailedError, attempts=_ATTEMPTS, wait_initial=0.02, wait_max=1.0):
        with attempt:
            target = _with_columns(table_to_write(lake, table), lake, table)
            if attempt.num > 1 and _holds(target, replaced, files):  # the store did it, but its answer was lost
                return target.version()
            return _commit(target, replaced, files, now)
    raise AssertionError("the last attempt raises")


def _commit(target: DeltaTable, replaced: _Replaced, files: Sequence[DayFile], now: datetime) -> int:
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
            ("x_Source", "in", list(replaced.sources)),
            ("x_Day", "in", [day.isoformat() for day in replaced.days]),
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


def _holds(target: DeltaTable, replaced: _Replaced, files: Sequence[DayFile]) -> bool:
    wanted: dict[Partition, set[str]] = {(source, day): set() for source in replaced.sources for day in replaced.days}
    for file in files:
        wanted[file.source, file.day].add(file.path)
    stored = files_by_partition(target)
    return all(stored.get(partition, frozenset()) == paths for partition, paths in wanted.items())


def _with_columns(target: DeltaTable, lake: Lake, table: str) -> DeltaTable:
    """Add the columns that this program knows and the table does not; those that only the table knows stay."""
    known = {field.name for field in target.schema().fields}
    missing = [field for field in Schema.from_arrow(lake.schemas[table]).fields if field.name not in known]
    if missing:
        target.alter.add_columns(missing)
    return target
