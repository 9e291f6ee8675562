"""The order of attribution: direct, usage, activity and fixed first; then what leans on cost; then shared teams."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from rules.cells import CELLS, COUNT, Plan
from rules.decide import NOBODY
from rules.keys import SplitKey, Weighed, split_keys
from rules.measures import Measure, UsageSource, sums_by_team
from rules.methods.activity import activity_measures, weigh_activity
from rules.methods.cost import OwnerCost, weigh_by_cost, weigh_followed
from rules.methods.proportional import fixed_weights, split_measures, weigh_usage
from rules.outcomes import Activity, CostSplit, FixedSplit, Follow, Outcome, UsageSplit
from rules.pools import Pools, is_held_over_month
from rules.rows import load_rows
from rules.ruleset import Rule, RuleSet
from rules.schema import UNATTRIBUTED
from rules.split import COSTS, split_costs
from rules.sql import identifier, units_of
from rules.weights import Weights

PARTS = "attribution_parts"
SPLITS = "attribution_splits"
"""By split: the window that was measured and what stood in for missing usage."""

AT_HAND_ALONE = "weighed by the charges at hand, not by the whole month"
_SPLITS = pa.schema(
    [
        pa.field("split", pa.int64()),
        pa.field("measured_start", pa.int64()),
        pa.field("measured_end", pa.int64()),
        pa.field("fallback", pa.string()),
    ]
)


@dataclass(frozen=True)
class Phased:
    """The weights of every split, by number, and the warnings met on the way.

    `costs` are what phase 1 gave each owner; none where nothing is weighed by them.
    """

    weights: Mapping[int, Weights]
    warnings: tuple[str, ...]
    costs: tuple[OwnerCost, ...] = ()


@dataclass(frozen=True)
class First:
    """What phase 1 came to: the splits of all cells, and the weights of those that need no other cell's cost."""

    keys: tuple[SplitKey, ...]
    weighed: Weighed


def phase_one(source: UsageSource, plan: Plan, ruleset: RuleSet, pools: Pools | None) -> First:
    """Create the parts of the cells that need no other cell's cost: cell, team, idle_cause and costs in units.

    `pools` are those of the month's other days, None where only the charges at hand are known.
    """
    keys = split_keys(source.connection, plan)
    # In one question: each rule then finds its sums remembered.
    sums_by_team(source, _measures(ruleset.rules, keys, pools or {}))
    weighed = [_weigh_rule(source, rule, found) for rule, found in _by_rule(ruleset.rules, keys)]
    weighed += [_weigh_pool(source, activity, found, pools) for activity, found in _by_pool(ruleset.rules, keys)]
    weights = {number: one for each in weighed for number, one in each.weights.items()}
    costs = ", ".join(COSTS)
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {PARTS} AS SELECT cell AS item,"
        f" CASE WHEN rule = {NOBODY} THEN '{UNATTRIBUTED}' ELSE team END AS team, '' AS idle_cause, {costs}"
        f" FROM {CELLS} WHERE split IS NULL"
    )
    if weights:
        _split_cells(source.connection, weights, "attribution_first")
        source.connection.execute(f"INSERT INTO {PARTS} SELECT * FROM attribution_first")
    return First(tuple(keys), Weighed(weights, tuple(warning for each in weighed for warning in each.warnings)))


def phase_two(source: UsageSource, plan: Plan, ruleset: RuleSet, first: First, month_costs: str | None) -> Phased:
    """Add the parts of the cells that lean on cost to those of phase 1."""
    connection = source.connection
    costs = _owner_costs(connection, plan, month_costs) if _leans_on_cost(ruleset) else ()
    second = _weigh_by_cost(ruleset, first.keys, costs, whole_month=month_costs is not None)
    if second.weights:
        _split_cells(connection, second.weights, "attribution_second")
        connection.execute(f"INSERT INTO {PARTS} SELECT * FROM attribution_second")
    weights = {**first.weighed.weights, **second.weights}
    load_rows(
        connection, SPLITS, _SPLITS, ((n, *(one.window or (None, None)), one.fallback) for n, one in weights.items())
    )
    return Phased(weights, first.weighed.warnings + second.warnings, costs)


def _measures(rules: Sequence[Rule], keys: Sequence[SplitKey], pools: Pools) -> list[Measure]:
    found: list[Measure] = []
    for rule, members in _by_rule(rules, keys):
        if isinstance(rule.outcome, UsageSplit):
            found += split_measures(rule.outcome, _windows(members))
    for activity, sharing in _by_pool(rules, keys):
        found += activity_measures(activity, [key for _, key in sharing], pools.get(activity, ()))
    return found


def _windows(keys: Iterable[SplitKey]) -> list[tuple[int, int]]:
    return sorted({key.window for key in keys if key.window is not None})


def _weigh_rule(source: UsageSource, rule: Rule, keys: Sequence[SplitKey]) -> Weighed:
    if isinstance(rule.outcome, FixedSplit):
        return Weighed({key.number: fixed_weights(rule.outcome, key.day) for key in keys})
    if not isinstance(rule.outcome, UsageSplit):
        return Weighed({})
    found, warnings = weigh_usage(source, rule.outcome, _windows(keys))
    weights = {key.number: found[key.window] for key in keys if key.window is not None}
    named = tuple(f"rule `{rule.name}`: {warning}" for warning in warnings)
    return Weighed({number: one for number, one in weights.items() if one is not None}, named)


def _weigh_pool(
    source: UsageSource, activity: Activity, found: Sequence[tuple[Rule, SplitKey]], pools: Pools | None
) -> Weighed:
    weighed = weigh_activity(source, activity, [key for _, key in found], (pools or {}).get(activity, ()))
    alone = (AT_HAND_ALONE,) if pools is None and is_held_over_month(activity) else ()
    names = ", ".join(dict.fromkeys(f"`{rule.name}`" for rule, _ in found))
    rule = f"rule{'' if len({rule.name for rule, _ in found}) == 1 else 's'} {names}"
    return Weighed(weighed.weights, tuple(f"{rule}: {warning}" for warning in (*alone, *weighed.warnings)))


def _weigh_by_cost(
    ruleset: RuleSet, keys: Sequence[SplitKey], costs: Sequence[OwnerCost], *, whole_month: bool
) -> Weighed:
    weights: dict[int, Weights] = {}
    warnings: list[str] = []
    for rule, found in _by_rule(ruleset.rules, keys):
        if isinstance(rule.outcome, CostSplit):
            weights |= weigh_by_cost(rule.outcome, found, costs)
        elif isinstance(rule.outcome, Follow):
            weights |= weigh_followed(rule.outcome, found, costs)
        if found and not whole_month and leans_on_month(rule.outcome):
            warnings.append(f"rule `{rule.name}`: {AT_HAND_ALONE}")
    alone = () if whole_month else (shared.team for shared in ruleset.shared if leans_on_month(shared.split))
    warnings += [f"shared team `{team}`: {AT_HAND_ALONE}" for team in dict.fromkeys(alone)]
    return Weighed(weights, tuple(warnings))


def leans_on_month(outcome: Outcome) -> bool:
    """Return whether an outcome is weighed by what phase 1 gave each owner in the whole month."""
    return isinstance(outcome, Follow) or (isinstance(outcome, CostSplit) and outcome.per == "month")


def _leans_on_cost(ruleset: RuleSet) -> bool:
    by_rules = any(isinstance(rule.outcome, CostSplit | Follow) for rule in ruleset.rules)
    return by_rules or any(isinstance(shared.split, CostSplit) for shared in ruleset.shared)


def _by_rule(rules: Sequence[Rule], keys: Sequence[SplitKey]) -> list[tuple[Rule, list[SplitKey]]]:
    found: dict[int, list[SplitKey]] = {}
    for key in keys:
        found.setdefault(key.rule, []).append(key)
    return [(rules[index], members) for index, members in sorted(found.items())]


def _by_pool(rules: Sequence[Rule], keys: Sequence[SplitKey]) -> list[tuple[Activity, list[tuple[Rule, SplitKey]]]]:
    """Return the keys of activity rules; rules that say the same of one pool share their claims."""
    found: dict[Activity, list[tuple[Rule, SplitKey]]] = {}
    for rule, members in _by_rule(rules, keys):
        if isinstance(rule.outcome, Activity):
            found.setdefault(rule.outcome, []).extend((rule, key) for key in members)
    return list(found.items())


def _split_cells(connection: duckdb.DuckDBPyConnection, weights: Mapping[int, Weights], into: str) -> None:
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {into}_costs AS"
        f" SELECT cell AS item, split, {', '.join(COSTS)} FROM {CELLS} WHERE split IS NOT NULL"
    )
    split_costs(connection, f"{into}_costs", weights, into)


def owner_costs_query(plan: Plan) -> str:
    """Return what phase 1 gave each owner, by day, currency and followed columns; nobody's is left out.

    With it comes of how many charges, null where charges were collapsed before they were counted.
    """
    columns = [f"f{index}" for index in range(len(plan.followed))]
    keys = ", ".join(["c.day", "c.currency", "p.team", *(f"c.{column}" for column in columns)])
    parts, counted = PARTS, "CAST(NULL AS BIGINT)"
    if plan.counts:
        parts = f"(SELECT item, team, sum(effective) AS effective FROM {PARTS} GROUP BY ALL)"
        counted = f"CAST(sum(c.{COUNT}) AS BIGINT)"
    return (
        f"SELECT {keys}, sum(p.effective) AS effective, {counted} AS charges FROM {parts} p"
        f" JOIN {CELLS} c ON c.cell = p.item WHERE p.team <> '{UNATTRIBUTED}' GROUP BY ALL"
    )


def _owner_costs(connection: duckdb.DuckDBPyConnection, plan: Plan, month_costs: str | None) -> tuple[OwnerCost, ...]:
    """Return the owners' costs of the charges at hand; with `month_costs`, of the other days of the month too."""
    query = owner_costs_query(plan)
    if month_costs is not None:
        query = f"{query} UNION ALL {_costs_of_other_days(plan, month_costs)}"
    names = [name for name, _ in plan.followed]
    return tuple(
        OwnerCost(day, currency, team, dict(zip(names, rest[:-2], strict=True)), int(rest[-2]), rest[-1])
        for day, currency, team, *rest in connection.execute(query).fetchall()
    )


def _costs_of_other_days(plan: Plan, month_costs: str) -> str:
    """Return what phase 1 gave each owner on the days that are not at hand, as a query.

    Only the month that they are of matters to the charges at hand: unless they are counted, they are added up.
    """
    keys = ["currency", "team", *(f"f{index}" for index in range(len(plan.followed)))]
    from_others = f"FROM {identifier(month_costs)} WHERE day NOT IN (SELECT day FROM {CELLS})"
    if plan.counts:
        return f"SELECT {', '.join(['day', *keys])}, {units_of('effective')}, charges {from_others}"
    selected = f"min(day), {', '.join(keys)}, {units_of('sum(effective)')}, CAST(NULL AS BIGINT)"
    return f"SELECT {selected} {from_others} GROUP BY date_trunc('month', day), {', '.join(keys)}"
