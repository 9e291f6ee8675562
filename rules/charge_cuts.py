"""Where each owner's part of a cell lies, whichever way the cell was cut: by its rule, by a shared step, or by both.

Cells that are cut alike share a cutting: the number of their split, or -1 - the number of the step that passed on the
whole of cells with a direct owner. A cell that stays whole has none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa

from rules.attribute import Worked
from rules.cells import CELLS
from rules.charge_shares import Cut, cuts_of, taken
from rules.decide import NOBODY
from rules.outcomes import Activity, CostSplit, FixedSplit, Follow, Outcome, UsageSplit
from rules.rows import load_rows
from rules.ruleset import RuleSet
from rules.schema import UNATTRIBUTED
from rules.sharing import STEPS, Step
from rules.weights import UNITS_PER_ONE, Weights

CUTS = "attribution_cuts"
WRITTEN_WEIGHT = "Shares"
"""The unit of weights that a rule writes down, in FOCUS's word."""
_FITS_DECIMAL = 10**38
_UNITS = pa.decimal128(38, 0)
_BOUNDS = ("low", "high", "total", "step_low", "step_high", "step_total")
_CUTS = pa.schema(
    [
        pa.field("cutting", pa.int64()),
        pa.field("part", pa.int64()),
        pa.field("is_last", pa.bool_()),
        *(pa.field(name, pa.string()) for name in ("team", "idle_cause", "shared_step", "step_fallback")),
        *(pa.field(name, _UNITS) for name in _BOUNDS),
        pa.field("ratio", _UNITS),
        pa.field("unit", pa.string()),
        pa.field("quantity", _UNITS),
    ]
)


@dataclass(frozen=True)
class OwnerCut:
    """One owner's part. `quantity`, in 1e-12 of `unit`, is what the part was weighed by; None where that is not told.

    What a shared step passed on has no quantity: its owner used nothing of the provider's own providers.
    """

    team: str
    idle_cause: str
    shared_step: str
    step_fallback: str
    cuts: tuple[Cut, ...]
    unit: str
    quantity: int | None

    @property
    def ratio(self) -> int:
        """Return what the owner would be given of an amount of 1, in 1e-12; a cutting's ratios sum to exactly 1."""
        return taken(self.cuts, UNITS_PER_ONE)


Cuttings = Mapping[int, tuple[OwnerCut, ...]]
"""By cutting, in the order in which the owners' parts lie."""


def load_cuts(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet, worked: Worked) -> Cuttings:
    """Create the table CUTS of the present attribution and return the same."""
    cuttings = dict(_of_splits(connection, ruleset, worked)) | dict(_of_steps(worked.steps))
    load_rows(connection, CUTS, _CUTS, (row for number, parts in cuttings.items() for row in _rows(number, parts)))
    return cuttings


def cell_cuttings() -> str:
    """Return the cells with their cutting and the owner of those that stay whole, as a query."""
    owner = f"CASE WHEN c.rule = {NOBODY} THEN '{UNATTRIBUTED}' ELSE c.team END"
    return (
        f"SELECT c.cell, {owner} AS whole_of, coalesce(c.split, -1 - s.split) AS cutting FROM {CELLS} c"
        f" LEFT JOIN {STEPS} s ON c.split IS NULL AND s.provider = {owner} AND s.day = c.day"
        " AND s.currency = c.currency"
    )


def _of_splits(
    connection: duckdb.DuckDBPyConnection, ruleset: RuleSet, worked: Worked
) -> Iterator[tuple[int, tuple[OwnerCut, ...]]]:
    steps: dict[tuple[date, str], dict[str, Step]] = {}
    for step in worked.steps:
        steps.setdefault((step.day, step.currency), {})[step.provider] = step
    rows = connection.execute(
        f"SELECT DISTINCT split, rule, day, currency FROM {CELLS} WHERE split IS NOT NULL ORDER BY split"
    ).fetchall()
    for number, rule, day, currency in rows:
        weights = worked.phased.weights[number]
        unit = unit_of(ruleset.rules[rule].outcome, weights.fallback, currency)
        yield number, tuple(_parts(weights, unit, steps.get((day, currency), {})))


def _parts(weights: Weights, unit: str, steps: Mapping[str, Step]) -> Iterator[OwnerCut]:
    for part, cut in cuts_of(weights):
        step = steps.get(part.team)
        if step is None:
            quantity = (part.quantity or None) if unit else None
            yield OwnerCut(part.team, part.idle_cause, "", "", (cut,), unit, quantity)
        else:
            yield from _passed_on(step, part.idle_cause, (cut,))


def _of_steps(steps: tuple[Step, ...]) -> Iterator[tuple[int, tuple[OwnerCut, ...]]]:
    for number, step in enumerate(steps):
        yield -1 - number, tuple(_passed_on(step, "", ()))


def _passed_on(step: Step, idle_cause: str, before: tuple[Cut, ...]) -> Iterator[OwnerCut]:
    for part, cut in cuts_of(step.weights):
        cuts = (*before, cut)
        yield OwnerCut(part.team, idle_cause, step.provider, step.weights.fallback, cuts, "", None)


def unit_of(outcome: Outcome, fallback: str, currency: str) -> str:
    """Return what a split's weights are measured in; "" where it was nothing, or a blend of several metrics."""
    instead = fallback.partition(":")[0]
    if instead == UNATTRIBUTED:
        return ""
    if instead in ("even", "fixed") or isinstance(outcome, FixedSplit):
        return WRITTEN_WEIGHT
    if isinstance(outcome, UsageSplit):
        return outcome.drivers[0].metric if len(outcome.drivers) == 1 else ""
    return currency if isinstance(outcome, Activity | CostSplit | Follow) else ""


def _rows(number: int, parts: tuple[OwnerCut, ...]) -> Iterator[tuple[object, ...]]:
    for index, part in enumerate(parts):
        whole = Cut(0, 1, 1)
        first, second = (*part.cuts, whole)[:2]
        bounds = (first.low, first.high, first.total, second.low, second.high, second.total)
        fit = max(first.total, second.total) < _FITS_DECIMAL
        yield (
            number,
            index,
            index == len(parts) - 1,
            part.team,
            part.idle_cause,
            part.shared_step,
            part.step_fallback,
            *(Decimal(bound) if fit else None for bound in bounds),
            Decimal(part.ratio),
            part.unit,
            None if part.quantity is None else Decimal(part.quantity),
        )
