"""Why charges have no owner: no rule claims them, a value names no team, or there is nothing to weigh them by."""

from collections.abc import Collection, Mapping

import duckdb

from rules.cells import GROUPS, Plan
from rules.charge_shares import Units, groups_in_cells, plus
from rules.outcomes import Outcome, UsageSplit
from rules.ruleset import RuleSet
from rules.schema import COST_COLUMNS, UNATTRIBUTED
from rules.unmatched import fell_through

NO_RULE = "no rule claims it"


def reasons_of_nobody(
    connection: duckdb.DuckDBPyConnection, plan: Plan, ruleset: RuleSet, cells: Collection[int]
) -> Mapping[int, Mapping[str, Units]]:
    """Return by cell that no rule claims why, with the costs in units; a cell's reasons sum to the cell."""
    fell = fell_through(plan, ruleset) or "SELECT NULL AS id, NULL AS name, NULL AS value WHERE FALSE"
    told = "string_agg(name || ' names no team: ' || value, '; ' ORDER BY name, value)"
    costs = ", ".join(f"CAST(sum(g.{column}) AS HUGEINT)" for column in COST_COLUMNS)
    rows = connection.execute(
        f"SELECT w.cell, coalesce(f.reason, '{NO_RULE}') AS reason, {costs}"
        f" FROM ({groups_in_cells(plan, ruleset)}) w JOIN {GROUPS} g ON g.id = w.id"
        f" LEFT JOIN (SELECT id, {told} AS reason FROM ({fell}) GROUP BY id) f ON f.id = w.id"
        " WHERE w.cell IN (SELECT unnest(?)) GROUP BY w.cell, reason ORDER BY w.cell, reason",
        [sorted(cells)],
    ).fetchall()
    found: dict[int, dict[str, Units]] = {}
    for cell, reason, billed, effective, listed in rows:
        found.setdefault(cell, {})[reason] = int(billed), int(effective), int(listed)
    return found


def joined_reasons(of_cells: Collection[Mapping[str, Units]]) -> Mapping[str, Units]:
    """Return the reasons of several cells together."""
    joined: dict[str, Units] = {}
    for reasons in of_cells:
        for reason, costs in reasons.items():
            joined[reason] = plus(joined.get(reason, (0, 0, 0)), costs)
    return joined


def reason_of_fallback(outcome: Outcome | None, fallback: str) -> str:
    """Return why a rule that claims charges leaves them without an owner; "" where it does not."""
    instead, _, reason = fallback.partition(":")
    if instead != UNATTRIBUTED:
        return ""
    if not isinstance(outcome, UsageSplit):
        return "nothing that it could follow costs anything"
    return "nobody used anything" if reason == "zero" else "the usage of these hours is not known yet"
