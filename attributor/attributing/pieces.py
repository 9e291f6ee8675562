"""A few days of a month as a piece of work that any process can do: all that it needs is in it, or in the lake."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version

import pyarrow as pa
from deltalake.exceptions import DeltaError

from attributor.attributing.attributed import AttributedDay, attribute_days
from attributor.attributing.days import DayReading, WholeMonth, no_usage, open_usage, usage_around
from attributor.attributing.inputs import Days, Inputs
from attributor.attributing.months import costs_of_days, pools_of_day
from attributor.lake.duck import open_duckdb
from attributor.lake.lake import Files, Lake, Partition
from attributor.lake.views import Pin, pinned_files
from rules.ruleset import RuleSet

_THREADS = 1
"""A worker runs as many pieces at once as it has threads; each computes in one."""


class OtherProgramError(Exception):
    """A worker runs another version of this program, which might compute otherwise."""


@dataclass(frozen=True)
class Piece:
    """Days of one month, and what they are attributed from; it may be pickled, secrets of the lake included.

    `inputs` has the charges of these days and all usage, at the versions to read; the lake knows the files of those
    that will be needed. `whole` is what is known of the month by then. `program` is the version that made it.
    """

    lake: Lake
    ruleset: RuleSet
    inputs: Inputs
    days: tuple[date, ...]
    whole: WholeMonth
    program: str


def piece_of(reading: DayReading, days: tuple[date, ...], whole: WholeMonth) -> Piece:
    """Return what another process needs for these days. Raises MissingVersionError where the lake lacks it."""
    charges = {key: found for key, found in reading.inputs.charges.items() if key[1] in days}
    around = usage_around(days)
    usage = {
        key: found for key, found in reading.inputs.usage.items() if around.start.date() <= key[1] < around.end.date()
    }
    known = {**_files(reading.lake, "charges", charges), **_files(reading.lake, "usage", usage)}
    lake = replace(reading.lake, known=known, opened=None)
    inputs = replace(reading.inputs, charges=charges)
    return Piece(lake, reading.ruleset, inputs, days, whole, version("attributor"))


def _files(lake: Lake, table: str, days: Days) -> dict[tuple[str, int], Files]:
    pins = [Pin(source, day, found.version) for (source, day), found in days.items()]
    by_version: defaultdict[tuple[str, int], dict[Partition, frozenset[str]]] = defaultdict(dict)
    for path, partition in pinned_files(lake, table, pins).items():
        files = by_version[table, days[partition].version]
        files[partition] = files.get(partition, frozenset()) | {path}
    return dict(by_version)


def attributed_piece(piece: Piece) -> tuple[AttributedDay, ...]:
    """Attribute the days of a piece and write their files; it may be done again, by anybody, at any time.

    Raises OSError where the lake cannot be read or written, MissingVersionError where it lacks a version that is
    named, and OtherProgramError.
    """
    with _opened(piece) as reading:
        usage = open_usage(reading, usage_around(piece.days))
        return tuple(attribute_days(reading, usage, piece.days, piece.whole))


def pools_of_piece(piece: Piece) -> tuple[pa.Table, ...]:
    """Return what the pools cost on each day of a piece; raises what `attributed_piece` raises."""
    with _opened(piece) as reading:
        usage = no_usage(reading, piece.days[0])
        return tuple(pools_of_day(reading, usage, day) for day in piece.days)


def costs_of_piece(piece: Piece) -> tuple[pa.Table, ...]:
    """Return what the first phase gives each owner on each day of a piece; raises what `attributed_piece` raises."""
    with _opened(piece) as reading:
        usage = open_usage(reading, usage_around(piece.days))
        found, _ = costs_of_days(reading, usage, piece.days, piece.whole.pools)
        return tuple(found)


@contextmanager
def _opened(piece: Piece) -> Iterator[DayReading]:
    if (here := version("attributor")) != piece.program:
        raise OtherProgramError(f"a worker runs attributor {here}, not {piece.program}")
    try:
        with open_duckdb(_THREADS) as connection:
            yield DayReading(piece.lake, connection, piece.ruleset, piece.inputs)
    except DeltaError as error:  # cannot be pickled, so that it would not reach who waits for the result
        raise OSError(str(error)) from None
