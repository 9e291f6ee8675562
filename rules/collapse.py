"""Charges collapsed before any rule is asked: those that agree in all that rules and reports can see become one row.

The work is on codes, not on text: see `rules.coded`. What rules only test is there as answers: see `rules.judged`.
Costs are summed exactly. Explanations, which look at single charges, read the charges themselves.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from rules.cells import Charges, measured_per
from rules.coded import Coded, Codes, coded_columns, numbered
from rules.columns import KINDS, TAG_PREFIX
from rules.facts import charge_fact, columns_given, estimate_column, followed_columns
from rules.judged import MOST_TESTS, Judged, Memory, Words, answers_to, classes, tests_by_column
from rules.match import condition
from rules.matchers import Matcher, columns_of
from rules.ruleset import RuleSet
from rules.schema import COST_COLUMNS, DIMENSION_COLUMNS, INSTANT
from rules.sql import HOURS_PER_DAY, MICROSECONDS_PER_HOUR

ColumnReader = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Reads named columns of the charges (`Tags` among them), a piece of the rows at a time; text best as dictionaries.

A column that a piece does not have counts as absent.
"""

COLLAPSED = "attribution_collapsed"
_CODED = "attribution_coded"
_PERIOD = ("ChargePeriodStart", "ChargePeriodEnd")
_ALWAYS = ("x_Source", "x_Basis", "BillingCurrency", "BillingPeriodStart", "CommitmentDiscountStatus")
CHECKED_COLUMNS = ("x_Source", "x_Basis", "BillingCurrency", "BillingPeriodStart", *_PERIOD, *COST_COLUMNS)
"""The columns that a table of charges needs where the charges are read by the column as well."""
_AT_ONCE = 2
_ROWS_AT_ONCE = 100_000
"""Small pieces are joined until there are so many: they share the work that each piece costs."""


@dataclass(frozen=True)
class Wanted:
    """What is kept of charges: columns and tags whose values matter, and those of which the answers do."""

    kept: tuple[str, ...]
    judged: tuple[Judged, ...]
    hourly: tuple[Matcher, ...]
    """What the rules that split by the hour match: other charges need no more than their day."""

    @property
    def names(self) -> tuple[str, ...]:
        """All that is asked of a charge, by the rules' names."""
        return (*self.kept, *(one.column for one in self.judged))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        named = {*map(_column_of, self.names), *COST_COLUMNS, *_PERIOD}
        plain = sorted(name for name in named if not name.startswith(TAG_PREFIX))
        return (*plain, "Tags") if len(plain) < len(named) else tuple(plain)


def wanted_of(ruleset: RuleSet) -> Wanted | None:
    """Return what a rule set and the reports want of charges, or None where they take a charge's very times."""
    sources = dict(ruleset.dimensions)
    dimensions = {sources.get(name, name) for name in DIMENSION_COLUMNS}
    kept = {*_ALWAYS, *dimensions, *columns_given(ruleset.rules), *followed_columns(ruleset)}
    kept |= {column for _, column in ruleset.more_dimensions} | {f"{TAG_PREFIX}{key}" for key in ruleset.required_tags}
    if "ProviderName" in kept:
        kept.add("ServiceProviderName")
    tests = tests_by_column(rule.match for rule in ruleset.rules)
    kept |= {name for name, of in tests.items() if len(of) > MOST_TESTS}
    if kept & set(_PERIOD):
        return None
    only_tested = [name for name in sorted(tests) if name not in kept]
    judged = tuple(Judged(number, name, tests[name]) for number, name in enumerate(only_tested))
    hourly = tuple(rule.match for rule in ruleset.rules if measured_per(rule.outcome) == "hour")
    return Wanted(tuple(sorted(kept)), judged, hourly)


def takes_columns(ruleset: RuleSet) -> bool:
    """Return whether charges can be collapsed for a rule set: it then reads them by the column."""
    return wanted_of(ruleset) is not None


def _column_of(name: str) -> str:
    """Return the column or tag that holds what rules call by a name."""
    return name if name in KINDS or name.startswith(TAG_PREFIX) else estimate_column(name)


@dataclass(frozen=True)
class _Asking:
    """How the rules are asked of values."""

    connection: duckdb.DuckDBPyConnection
    memory: Memory


def _coded(piece: pa.Table, wanted: Wanted) -> dict[str, Coded]:
    """Return what is asked of the charges, by the rules' names; facts of usage are those of estimated charges alone."""
    columns = coded_columns(piece, {_column_of(name) for name in wanted.names})
    named = {name: columns[_column_of(name)] for name in wanted.names if _column_of(name) in columns}
    estimated = columns["x_Basis"].equals("estimated") if "x_Basis" in columns else np.zeros(piece.num_rows, np.bool_)
    return {name: one if name == _column_of(name) else one.where(estimated) for name, one in named.items()}


def collapse(
    connection: duckdb.DuckDBPyConnection, read: ColumnReader, ruleset: RuleSet, memory: Memory
) -> Charges | None:
    """Register the table COLLAPSED of the charges; None where there are none, or the rules need them as they are.

    Its costs are units of 1e-12 as DECIMAL(38,0).
    """
    wanted = wanted_of(ruleset)
    if wanted is None:
        return None

    def collapsed(piece: pa.Table) -> pa.Table:
        with connection.cursor() as own:
            return _collapsed(_Asking(own, memory), piece, wanted)

    pieces = _each_beside(collapsed, _gathered(read(wanted.columns)))
    if not pieces:
        return None
    connection.register(COLLAPSED, pa.concat_tables(pieces, promote_options="default"))
    return Charges(COLLAPSED, wanted.judged, collapsed=True)


def _each_beside(work: Callable[[pa.Table], pa.Table], parts: Iterable[pa.Table]) -> list[pa.Table]:
    """Work on two parts at once while the next is read; there are never more."""
    working: list[Future[pa.Table]] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="collapse") as threads:
        for part in parts:
            if len(working) >= _AT_ONCE:
                working[-_AT_ONCE].result()
            working.append(threads.submit(work, part))
        return [one.result() for one in working]


def _gathered(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join small pieces: fewer and larger ones collapse further. Large ones stay alone, most being of one source."""
    gathered: list[pa.Table] = []
    for piece in pieces:
        if piece.num_rows:
            gathered.append(piece)
        if sum(one.num_rows for one in gathered) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(gathered, promote_options="default")
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered, promote_options="default")


def _collapsed(asking: _Asking, piece: pa.Table, wanted: Wanted) -> pa.Table:
    """Number the charges by all but their times first: most then turn out to need no more than their day."""
    coded = _coded(piece, wanted)
    keys = [(coded[name].codes, coded[name].size) for name in wanted.kept if name in coded]
    words = {}
    for column in wanted.judged:
        words[column] = _words(asking, column, coded.get(column.column))
        if column.column in coded:
            of_values, table = words[column]
            keys.append((of_values[coded[column.column].codes], len(table)))
    alike, rows = numbered([(np.zeros(piece.num_rows, np.int64), 1), *keys])
    columns = {name: coded[name].at(rows) for name in wanted.kept if name in coded}
    for column, (of_values, table) in words.items():
        codes = coded[column.column].codes[rows] if column.column in coded else np.zeros(len(rows), np.int64)
        columns |= {word: pa.array(table[of_values[codes], at]) for at, word in enumerate(column.words)}
    seen = pa.table(columns)
    start, end = _hours(piece, _buckets(asking.connection, seen, wanted)[alike])
    numbers, rows = numbered([(alike, len(seen)), _offset(start), _offset(end)])
    times = {name: _instants(hours[rows]) for name, hours in zip(_PERIOD, (start, end), strict=True)}
    found = seen.take(pa.array(alike[rows]))
    for name, column in (times | _sums(asking.connection, piece, numbers)).items():
        found = found.append_column(name, column)
    return found


def _words(asking: _Asking, column: Judged, coded: Coded | None) -> tuple[Codes, Words]:
    """Return the class of each code of a column, and the words of each class; what is not there passes no test."""
    if coded is None:
        return np.zeros(1, np.int64), np.zeros((1, len(column.words)), np.int64)
    return classes(answers_to(asking.connection, column, coded.values, asking.memory))


def _buckets(connection: duckdb.DuckDBPyConnection, seen: pa.Table, wanted: Wanted) -> Codes:
    """Return the hours of the buckets of time of each row: 1 where a rule that splits by the hour may claim it."""
    if not wanted.hourly:
        return np.full(len(seen), HOURS_PER_DAY)
    answers = {test: answer for column in wanted.judged for test, answer in column.answers()}
    names = {name for matcher in wanted.hourly for name in columns_of(matcher)}
    facts = {name: charge_fact(name, seen.column_names) for name in names}
    claims = " OR ".join(condition(matcher, facts, answers) for matcher in wanted.hourly)
    numbered_rows = seen.append_column("position", pa.array(np.arange(len(seen))))
    connection.register(_CODED, numbered_rows)
    try:
        found = connection.sql(f"SELECT {claims} AS claimed FROM {_CODED} g ORDER BY position").to_arrow_table()
    finally:
        connection.unregister(_CODED)
    claimed = found.column("claimed").combine_chunks().to_numpy(zero_copy_only=False)
    return np.where(claimed, 1, HOURS_PER_DAY)


def _hours(piece: pa.Table, bucket: Codes) -> tuple[Codes, Codes]:
    """Return the hours from 1970 at which the buckets of each charge begin and end; one bucket at least."""
    starts, ends = (piece.column(name).cast(INSTANT).cast(pa.int64()).to_numpy() for name in _PERIOD)
    first = starts // MICROSECONDS_PER_HOUR
    last = np.maximum(-(-ends // MICROSECONDS_PER_HOUR), first + 1)
    return first // bucket * bucket, -(-last // bucket) * bucket


def _offset(hours: Codes) -> tuple[Codes, int]:
    low = int(hours.min())
    return hours - low, int(hours.max()) - low + 1


def _instants(hours: Codes) -> pa.Array:
    return pa.array(hours * MICROSECONDS_PER_HOUR).cast(INSTANT)


def _sums(connection: duckdb.DuckDBPyConnection, piece: pa.Table, numbers: Codes) -> dict[str, pa.ChunkedArray]:
    sums = ", ".join(f"sum({column}) AS {column}" for column in COST_COLUMNS)
    costs = {column: _as_units(piece.column(column)) for column in COST_COLUMNS}
    connection.register(_CODED, pa.table({"number": numbers, **costs}))
    try:
        found = connection.sql(f"SELECT {sums} FROM {_CODED} GROUP BY number ORDER BY number").to_arrow_table()
    finally:
        connection.unregister(_CODED)
    return {column: found.column(column) for column in COST_COLUMNS}


def _as_units(amounts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return amounts of 1e-12 as the integers that they are kept as, which the engine takes five times faster."""
    kind = pa.decimal128(amounts.type.precision, 0)
    whole = (pa.Array.from_buffers(kind, len(one), one.buffers(), one.null_count, one.offset) for one in amounts.chunks)
    return pa.chunked_array(whole, kind)
