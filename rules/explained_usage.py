"""Which usage rows the weights of a split were read from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

import duckdb
import pyarrow as pa

from rules.explanation import MoreUsage, UsageRow, UsedBy
from rules.facts import columns_in
from rules.hours import instant
from rules.methods.idle import CAPACITY, idle_measures, needs_capacity
from rules.outcomes import Activity, Outcome, UsageSplit
from rules.rows import load_rows
from rules.sql import hours_of, identifier, literal, units_of

LARGEST_ROWS = 5
_NEEDS = "attribution_explained_measures"
_SCHEMA = pa.schema(
    [
        pa.field("split", pa.int64()),
        pa.field("need", pa.int64()),
        pa.field("metric", pa.string()),
        pa.field("pool", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("stop", pa.int64()),
    ]
)
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Asked:
    """A split whose usage is asked for: what weighed it, over which half-open hours."""

    split: int
    outcome: Outcome
    window: tuple[int, int]


def usage_behind(
    connection: duckdb.DuckDBPyConnection, usage: str, asked: Sequence[Asked], owners: Collection[str]
) -> Mapping[int, tuple[UsedBy, ...]]:
    """Return by split what every owner used of each metric, and the largest rows of the owners and of the capacity.

    `usage` is what `usage.resolve_usage` made; rows have an origin where it was kept. Rows and the rest of them sum to
    what the owner used.
    """
    needs = [(one.split, number, *measure) for one in asked for number, measure in enumerate(_measures(one))]
    if not needs:
        return {}
    load_rows(connection, _NEEDS, _SCHEMA, needs)
    found: dict[int, list[UsedBy]] = {}
    rows = _largest(connection, usage, owners)
    for split, need, metric, pool, team, units, count in connection.execute(
        f"SELECT n.split, n.need, n.metric, n.pool, u.team, CAST(sum({units_of('u.quantity')}) AS HUGEINT), count(*)"
        f" FROM {_joined(usage)} GROUP BY ALL ORDER BY n.split, n.need, u.team"
    ).fetchall():
        listed = rows.get((split, need, team), [])
        whole = _amount(int(units))
        rest = _EXACT.subtract(whole, sum((row.quantity for row in listed), Decimal(0)))
        more = MoreUsage(count - len(listed), rest) if count > len(listed) else None
        found.setdefault(split, []).append(UsedBy(metric, pool or "", team, whole, tuple(listed), more))
    return {split: tuple(used) for split, used in found.items()}


def _measures(asked: Asked) -> list[tuple[str, str | None, int, int]]:
    outcome, window = asked.outcome, asked.window
    if isinstance(outcome, UsageSplit):
        measures = [(driver.metric, driver.pool, *window) for driver in outcome.drivers]
        idle = idle_measures(outcome, [window]) if needs_capacity(outcome) else []
        return measures + [(one.metric, one.pool, one.start, one.end) for one in idle]
    if isinstance(outcome, Activity):
        metrics = dict.fromkeys(rate.metric for rate in outcome.rates)
        return [(metric, outcome.pool, *window) for metric in metrics]
    return []


def _joined(usage: str) -> str:
    return (
        f"{_NEEDS} n JOIN (SELECT *, {hours_of('hour')} AS at FROM {identifier(usage)}) u ON u.metric = n.metric"
        " AND u.at >= n.start AND u.at < n.stop AND (n.pool IS NULL OR u.pool = n.pool)"
    )


def _largest(
    connection: duckdb.DuckDBPyConnection, usage: str, owners: Collection[str]
) -> Mapping[tuple[int, int, str], list[UsageRow]]:
    origin = "coalesce(u.x_Origin, '')" if "x_Origin" in columns_in(connection, usage) else "''"
    named = ", ".join(map(literal, sorted(owners))) or "NULL"
    found: dict[tuple[int, int, str], list[UsageRow]] = {}
    for split, need, team, source, at, pool, units, where in connection.execute(
        f"SELECT n.split, n.need, u.team, coalesce(u.x_Source, ''), u.at, coalesce(u.pool, ''),"
        f" {units_of('u.quantity')}, {origin} AS origin FROM {_joined(usage)}"
        f" WHERE u.team IN ({named}) OR n.metric = {literal(CAPACITY)}"
        " QUALIFY row_number() OVER (PARTITION BY n.split, n.need, u.team ORDER BY u.quantity DESC, u.at, origin)"
        f" <= {LARGEST_ROWS} ORDER BY n.split, n.need, u.team, u.quantity DESC, u.at, origin"
    ).fetchall():
        row = UsageRow(source, instant(at), pool, _amount(int(units)), where)
        found.setdefault((split, need, team), []).append(row)
    return found


def _amount(units: int) -> Decimal:
    return Decimal(units).scaleb(-12, _EXACT)
