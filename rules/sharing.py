"""Passing shared teams' whole cost on: the flows of each day solved once, applied to each part, rounding once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import duckdb
import pyarrow as pa

from rules.cells import CELLS
from rules.hours import bucket_of
from rules.measures import UsageSource
from rules.methods.cost import OwnerCost, weigh_consumers
from rules.methods.proportional import fixed_parts, weigh_usage
from rules.methods.stepdown import solve
from rules.outcomes import CostSplit, FixedSplit, UsageSplit
from rules.phases import PARTS
from rules.rows import load_rows
from rules.ruleset import RuleSet, holds_on
from rules.split import COSTS, split_costs
from rules.weights import UNITS_PER_ONE, Part, Weights, by_team

SHARED_PARTS = "attribution_shared_parts"
STEPS = "attribution_steps"
_ITEMS = "attribution_items"
_PASSED = "attribution_passed"
_STEPS = pa.schema(
    [
        pa.field("split", pa.int64()),
        pa.field("day", pa.date32()),
        pa.field("currency", pa.string()),
        pa.field("provider", pa.string()),
        pa.field("step_fallback", pa.string()),
    ]
)


@dataclass(frozen=True)
class Step:
    """Where the whole cost of a provider goes on a day, in a currency.

    `used` is what its consumers used of it, before solving.
    """

    day: date
    currency: str
    provider: str
    weights: Weights
    used: Weights | None = None


def pass_on(
    source: UsageSource, ruleset: RuleSet, costs: Sequence[OwnerCost]
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Create the parts after phase 3: cell, team, idle_cause, shared_step, step_fallback and costs in units.

    `costs` are what phase 1 gave each owner, wanted where a shared team is split by them.
    """
    connection = source.connection
    places = connection.execute(f"SELECT DISTINCT day, currency FROM {CELLS} ORDER BY ALL").fetchall()
    steps: list[Step] = []
    warnings: list[str] = []
    for day, currency in places if ruleset.shared else ():
        found, said = _steps_of(source, ruleset, costs, (day, currency))
        steps += found
        warnings += said
    rows = ((n, step.day, step.currency, step.provider, step.weights.fallback) for n, step in enumerate(steps))
    load_rows(connection, STEPS, _STEPS, rows)
    _split_parts(connection, {number: step.weights for number, step in enumerate(steps)})
    return tuple(steps), tuple(dict.fromkeys(warnings))


def _split_parts(connection: duckdb.DuckDBPyConnection, weights: Mapping[int, Weights]) -> None:
    costs = ", ".join(COSTS)
    if not weights:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {SHARED_PARTS} AS SELECT item AS cell, team, idle_cause,"
            f" '' AS shared_step, '' AS step_fallback, {costs} FROM {PARTS}"
        )
        return
    part_costs = ", ".join(f"p.{cost}" for cost in COSTS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_ITEMS} AS SELECT row_number() OVER () AS item, s.split,"
        f" p.item AS cell, p.team, p.idle_cause, coalesce(s.step_fallback, '') AS step_fallback, {part_costs}"
        f" FROM {PARTS} p JOIN {CELLS} c ON c.cell = p.item"
        f" LEFT JOIN {STEPS} s ON s.provider = p.team AND s.day = c.day AND s.currency = c.currency"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {_PASSED}_costs AS"
        f" SELECT item, split, {costs} FROM {_ITEMS} WHERE split IS NOT NULL"
    )
    split_costs(connection, f"{_PASSED}_costs", weights, _PASSED)
    passed_costs = ", ".join(f"n.{cost}" for cost in COSTS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SHARED_PARTS} AS"
        f" SELECT cell, team, idle_cause, '' AS shared_step, '' AS step_fallback, {costs}"
        f" FROM {_ITEMS} WHERE split IS NULL UNION ALL"
        f" SELECT i.cell, n.team, i.idle_cause, i.team, i.step_fallback, {passed_costs}"
        f" FROM {_PASSED} n JOIN {_ITEMS} i USING (item)"
    )


def _steps_of(
    source: UsageSource, ruleset: RuleSet, costs: Sequence[OwnerCost], at: tuple[date, str]
) -> tuple[list[Step], list[str]]:
    """Return the steps of a day in a currency and the warnings; a provider that nobody else used keeps its cost."""
    day, currency = at
    weighed: dict[str, Weights | None] = {}
    warnings: list[str] = []
    sharing = [shared for shared in ruleset.shared if holds_on(shared, day)]
    providers = {shared.team for shared in sharing}
    for shared in sharing:
        if isinstance(shared.split, CostSplit):
            left_out = providers - set(shared.split.among) | {shared.team}
            weighed[shared.team] = weigh_consumers(shared.split, at, costs, left_out)
        else:
            weighed[shared.team], said = _weigh(source, shared.split, day)
            warnings += [f"shared team `{shared.team}`: {warning}" for warning in said]
    solved = solve(
        {
            provider: {part.team: Fraction(part.weight) for part in weights.parts} if weights else {}
            for provider, weights in weighed.items()
        }
    )
    warnings += [f"shared team `{one}`: nobody outside used it on {day}, so it keeps its cost" for one in solved.stuck]
    steps = []
    for provider, shares in solved.shares.items():
        own = weighed[provider]
        fallback = own.fallback if own else ""
        steps.append(Step(day, currency, provider, Weights(_parts(shares), None, fallback), own))
    return steps, warnings


def _parts(shares: Mapping[str, Fraction]) -> tuple[Part, ...]:
    return by_team({team: share * UNITS_PER_ONE for team, share in shares.items()})


def _weigh(source: UsageSource, split: UsageSplit | FixedSplit, day: date) -> tuple[Weights | None, tuple[str, ...]]:
    if isinstance(split, FixedSplit):
        parts = fixed_parts(split, day)
        return Weights(parts) if parts else None, ()
    window = bucket_of(day, split.per)
    weights, warnings = weigh_usage(source, split, [window])
    return weights[window], warnings
