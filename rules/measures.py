"""What each owner used of a metric in a bucket, asked for many buckets at once and remembered for one attribution."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from rules.cells import bucket_start
from rules.hours import LOOK_BACK_HOURS
from rules.outcomes import Per
from rules.rows import load_rows
from rules.sql import hours_of, identifier, literal, units_of
from rules.usage import AT_HAND

_NEEDS = pa.schema(
    [
        pa.field("need", pa.int64()),
        pa.field("metric", pa.string()),
        pa.field("pool", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("stop", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Measure:
    """A metric of a pool (None for all pools) over the hours [start, end), counted from 1970 in UTC."""

    metric: str
    pool: str | None
    start: int
    end: int


@dataclass
class _Seen:
    """What was asked before. `reports` are (metric, pool, source), `spans` are (source, first hour, end)."""

    sums: dict[Measure, dict[str, int]] = field(default_factory=dict)
    reports: tuple[tuple[str, str, str], ...] | None = None
    spans: tuple[tuple[str, int, int], ...] | None = None


@dataclass(frozen=True)
class UsageSource:
    """Where usage is read: a connection with the usage at hand, and the table of what its sources covered.

    It remembers what it was asked: make a new one where the usage at hand is another.
    """

    connection: duckdb.DuckDBPyConnection
    coverage: str
    seen: _Seen = field(default_factory=_Seen, repr=False, compare=False)


def sums_by_team(source: UsageSource, measures: Sequence[Measure]) -> list[dict[str, int]]:
    """Return what each owner used, in 1e-12 units, for each measure; who reported zero is there with 0."""
    new = list(dict.fromkeys(measure for measure in measures if measure not in source.seen.sums))
    if new:
        source.seen.sums.update(_read_sums(source.connection, new))
    return [source.seen.sums[measure] for measure in measures]


def _read_sums(connection: duckdb.DuckDBPyConnection, measures: Sequence[Measure]) -> dict[Measure, dict[str, int]]:
    """Read sums hour by hour, so that each hour of a need finds its rows by a key instead of by comparison."""
    _load(connection, measures)
    found: list[dict[str, int]] = [{} for _ in measures]
    joined = " UNION ALL ".join(
        "SELECT n.need, u.team, sum(u.quantity) AS quantity FROM"
        f" (SELECT need, metric, pool, unnest(range(start, stop)) AS at FROM attribution_needs WHERE {wanted}) n"
        f" JOIN {AT_HAND} u"
        f" ON u.metric = n.metric AND u.at = n.at{pools} GROUP BY ALL"
        for wanted, pools in (("pool IS NOT NULL", " AND u.pool = n.pool"), ("pool IS NULL", ""))
    )
    rows = connection.execute(f"SELECT need, team, {units_of('quantity')} FROM ({joined})").fetchall()
    for number, team, units in rows:
        found[number][team] = int(units)
    return dict(zip(measures, found, strict=True))


def latest_buckets(
    source: UsageSource, measures: Sequence[Measure], per: Per, among: Collection[str]
) -> list[int | None]:
    """Return the first hour of the last bucket with usage before each measure, at most seven days back."""
    found: list[int | None] = [None for _ in measures]
    if not measures:
        return found
    _load(source.connection, measures)
    taking_part = f" AND u.team IN ({', '.join(map(literal, among))})" if among else ""
    rows = source.connection.execute(
        f"SELECT n.need, max({bucket_start('u.at', per)}) FROM attribution_needs n JOIN"
        f" {AT_HAND} u"
        f" ON u.metric = n.metric AND u.at < n.start AND u.at >= {bucket_start(f'n.start - {LOOK_BACK_HOURS}', per)}"
        " AND (n.pool IS NULL OR u.pool = n.pool)"
        f" WHERE u.quantity > 0{taking_part} GROUP BY ALL"
    ).fetchall()
    for number, hour in rows:
        found[number] = int(hour)
    return found


def pools_of(source: UsageSource, metric: str) -> tuple[str, ...]:
    """Return the pools that report a metric in the usage at hand, sorted."""
    return tuple(sorted({pool for reported, pool, _ in _reports(source) if reported == metric}))


def is_covered(source: UsageSource, measure: Measure) -> bool:
    """Return whether every source that reports the measure (or every source, where none does) covered its hours."""
    reporting = {
        name
        for metric, pool, name in _reports(source)
        if metric == measure.metric and (measure.pool is None or pool == measure.pool)
    }
    spans = _spans(source)
    candidates = reporting or {name for name, _, _ in spans}
    return bool(candidates) and all(
        _spanned(((start, end) for name, start, end in spans if name == candidate), measure) for candidate in candidates
    )


def _reports(source: UsageSource) -> tuple[tuple[str, str, str], ...]:
    if source.seen.reports is None:
        rows = source.connection.execute(
            f"SELECT DISTINCT metric, coalesce(pool, ''), coalesce(x_Source, '') FROM {AT_HAND}"
        ).fetchall()
        source.seen.reports = tuple((metric, pool, name) for metric, pool, name in rows)
    return source.seen.reports


def _spans(source: UsageSource) -> tuple[tuple[str, int, int], ...]:
    if source.seen.spans is None:
        rows = source.connection.execute(
            f"SELECT source, {hours_of(identifier('start'))}, {hours_of(identifier('end'))}"
            f" FROM {identifier(source.coverage)} ORDER BY ALL"
        ).fetchall()
        source.seen.spans = tuple((name, start, end) for name, start, end in rows)
    return source.seen.spans


def _spanned(spans: Iterable[tuple[int, int]], measure: Measure) -> bool:
    reached = measure.start
    for start, end in spans:
        if start <= reached:
            reached = max(reached, end)
    return reached >= measure.end


def _load(connection: duckdb.DuckDBPyConnection, measures: Sequence[Measure]) -> None:
    rows = ((number, one.metric, one.pool, one.start, one.end) for number, one in enumerate(measures))
    load_rows(connection, "attribution_needs", _NEEDS, rows)
