"""What the pools of activity rules cost on the other days of a month: claims over a month are held against all."""

from collections.abc import Mapping, Sequence

import duckdb

from rules.cells import CELLS
from rules.hours import Span, instant
from rules.methods.activity import PoolCost
from rules.outcomes import Activity, Outcome
from rules.ruleset import RuleSet
from rules.sql import amount_of, identifier, units_of

POOL_COSTS = "attribution_pool_costs"

Pools = Mapping[Activity, Sequence[PoolCost]]
"""What each pool costs on other days; rules that say the same of one pool share it."""


def is_held_over_month(outcome: Outcome) -> bool:
    """Return whether claims are held against what a pool costs in a whole month."""
    return isinstance(outcome, Activity) and outcome.per == "month"


def needs_pools(ruleset: RuleSet) -> bool:
    """Return whether a rule holds claims against what a pool costs in a whole month: `activity` with `per: month`."""
    return any(is_held_over_month(rule.outcome) for rule in ruleset.rules)


def write_pool_costs(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet) -> None:
    """Create the table POOL_COSTS of the cells in the connection; see `month.pool_costs`."""
    held = [index for index, rule in enumerate(ruleset.rules) if is_held_over_month(rule.outcome)]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {POOL_COSTS} AS"
        f" SELECT rule, day, currency, window_start, window_end, {amount_of('sum(effective)')} AS effective"
        f" FROM {CELLS} WHERE rule IN ({', '.join(map(str, held)) or 'NULL'}) GROUP BY ALL ORDER BY ALL"
    )


def pools_of_other_days(connection: duckdb.DuckDBPyConnection, month_pools: str, ruleset: RuleSet) -> Pools:
    """Return what the pools of the cells in the connection cost on days that have no cell there."""
    at_hand = {
        ruleset.rules[index].outcome
        for (index,) in connection.execute(f"SELECT DISTINCT rule FROM {CELLS} WHERE split IS NOT NULL").fetchall()
    }
    rows = connection.execute(
        f"SELECT rule, window_start, window_end, currency, {units_of('effective')} FROM {identifier(month_pools)}"
        f" WHERE day NOT IN (SELECT day FROM {CELLS}) ORDER BY ALL"
    ).fetchall()
    found: dict[Activity, list[PoolCost]] = {}
    for index, start, end, currency, units in rows:
        outcome = ruleset.rules[index].outcome
        if isinstance(outcome, Activity) and outcome in at_hand:
            found.setdefault(outcome, []).append(PoolCost((start, end), currency, int(units)))
    return found


def reached_by(span: Span | None, pools: Pools) -> Span | None:
    """Return the span of usage that holds the windows of other days too: claims are counted over all of them."""
    windows = [cost.window for costs in pools.values() for cost in costs]
    if span is None or not windows:
        return span
    start, end = instant(min(start for start, _ in windows)), instant(max(end for _, end in windows))
    return Span(min(span.start, start), max(span.end, end))
