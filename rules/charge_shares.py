"""Each charge's own share of what a cell gave an owner.

A cell's costs are split once; over the running costs R1…Rn of its charges (by origin), charge k was given
S(Rk) - S(Rk-1), where S is the very function that split the cell. So shares sum to the cell's part for each owner,
and over all owners to the charge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import duckdb

from rules.cells import CELLS, GROUPS, Plan, cell_keys, group_keys, grouped
from rules.ruleset import RuleSet
from rules.schema import COST_COLUMNS
from rules.split import COSTS, truncated
from rules.sql import identifier, units_of
from rules.weights import Part, Weights

_WANTED = "attribution_groups_asked"
Units = tuple[int, int, int]
"""Billed, effective and list cost in 1e-12 units."""


@dataclass(frozen=True)
class Cut:
    """One owner's part of a split: (low, high] of the running sums, of total."""

    low: int
    high: int
    total: int

    def of(self, cost: int) -> int:
        """Return the part's share of a cost."""
        return truncated(cost, self.high, self.total) - truncated(cost, self.low, self.total)


@dataclass(frozen=True)
class CellPart:
    """What of a cell an owner was given: by one split, and then by a shared step where there was one."""

    cell: int
    cuts: tuple[Cut, ...]

    def of(self, costs: Units) -> Units:
        """Return the owner's part of (running) costs."""
        billed, effective, listed = (taken(self.cuts, cost) for cost in costs)
        return billed, effective, listed


@dataclass(frozen=True)
class OneCharge:
    """A charge of a cell."""

    origin: str
    costs: Units


def taken(cuts: Iterable[Cut], cost: int) -> int:
    """Return what is left to the owner of a cost that is cut once, or cut and then cut again."""
    for cut in cuts:
        cost = cut.of(cost)
    return cost


def cuts_of(weights: Weights) -> Iterator[tuple[Part, Cut]]:
    """Yield where each owner's part of a split lies."""
    total, high = weights.total, 0
    for part in weights.parts:
        low, high = high, high + part.weight
        yield part, Cut(low, high, total)


def cut_of(weights: Weights, team: str, idle_cause: str) -> Cut:
    """Return where an owner's part of a split lies; raise LookupError where it has none."""
    for part, cut in cuts_of(weights):
        if (part.team, part.idle_cause) == (team, idle_cause):
            return cut
    raise LookupError(f"{team} has no part ({idle_cause})")


def charge_shares(part: CellPart, charges: Sequence[OneCharge]) -> Iterator[tuple[OneCharge, Units]]:
    """Yield each charge of the cell with what the owner was given of it."""
    running: Units = (0, 0, 0)
    before: Units = (0, 0, 0)
    for charge in charges:
        running = plus(running, charge.costs)
        upto = part.of(running)
        yield charge, (upto[0] - before[0], upto[1] - before[1], upto[2] - before[2])
        before = upto


def plus(one: Units, other: Units) -> Units:
    """Return the sum of costs."""
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def charges_of_cells(
    connection: duckdb.DuckDBPyConnection, charges: str, plan: Plan, ruleset: RuleSet, cells: Sequence[int]
) -> Mapping[int, tuple[OneCharge, ...]]:
    """Return the charges of some cells of the present attribution, in an order that they alone decide."""
    # Their groups come first: of a day's charges most are then left out before anything is computed of them.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_WANTED} AS {_groups_with_cells(plan, ruleset)}"
        " WHERE w.cell IN (SELECT unnest(?))",
        [list(cells)],
    )
    rows = connection.execute(
        f"SELECT cell, coalesce(origin, ''), {', '.join(COSTS)}"
        f" FROM ({_charges_of_groups(charges, plan, {'origin': 'x_Origin'}, _WANTED)}) ORDER BY ALL"
    ).fetchall()
    found: dict[int, tuple[OneCharge, ...]] = {}
    for cell, members in groupby(rows, key=lambda row: int(row[0])):
        found[cell] = tuple(OneCharge(origin, (int(b), int(e), int(li))) for _, origin, b, e, li in members)
    return found


def charges_in_cells(charges: str, plan: Plan, ruleset: RuleSet, kept: Mapping[str, str]) -> str:
    """Return the charges of the present attribution with their cell and their costs in units, as a query.

    `kept` are further columns by name, each an expression over the table of charges.
    """
    return _charges_of_groups(charges, plan, kept, f"({_groups_with_cells(plan, ruleset)})")


def _charges_of_groups(charges: str, plan: Plan, kept: Mapping[str, str], groups: str) -> str:
    """Return the charges of some groups, which are given with their cells; costs are computed of no others."""
    keys = [key.rpartition(" AS ")[2] for key in group_keys(plan)]
    own = ", ".join(f"{expression} AS {name}" for name, expression in kept.items())
    amounts = ", ".join(map(identifier, COST_COLUMNS))
    units = (f"{units_of(f'k.{column}')} AS {cost}" for column, cost in zip(COST_COLUMNS, COSTS, strict=True))
    return (
        f"SELECT s.cell, {', '.join((*(f'k.{name}' for name in kept), *units))}"
        f" FROM (SELECT {own}, {', '.join(group_keys(plan))}, {amounts} FROM {identifier(charges)}) k"
        f" JOIN {groups} s ON {_agree('k', 's', keys)}"
    )


def _groups_with_cells(plan: Plan, ruleset: RuleSet) -> str:
    return f"SELECT s.*, w.cell FROM {GROUPS} s JOIN ({groups_in_cells(plan, ruleset)}) w ON w.id = s.id"


def groups_in_cells(plan: Plan, ruleset: RuleSet) -> str:
    """Return the id of every group with the cell that it is in, as a query."""
    same_cell = _agree("g", "c", cell_keys(plan))
    return f"SELECT g.id, c.cell FROM ({grouped(ruleset)}) g JOIN {CELLS} c ON {same_cell}"


def _agree(one: str, other: str, columns: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{column} IS NOT DISTINCT FROM {other}.{column}" for column in columns)
