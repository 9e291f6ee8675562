"""A statement as one flat table, for spreadsheets and programs: its rows sum to the statement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from attributor.money import plain
from attributor.reports.costs import BASES
from attributor.reports.finality import Finality
from attributor.reports.owner_statement import OwnerStatement, StatementPart
from attributor.reports.statement_lines import Costs, SharedLine, Weight

TEXTS = (
    "month",
    "status",
    "team",
    "cost_center",
    "section",
    "service",
    "category",
    "basis",
    "rule",
    "how",
    "share",
    "corrects",
    "currency",
)
COLUMNS = (*TEXTS, *BASES)
_IDLE = {
    "unallocated": "nobody held it",
    "held": "held, not computing",
    "low": "computing, but little",
    "unused_commitment": "commitment not used",
    "rest": "left of the pool",
}


@dataclass(frozen=True)
class FlatRow:
    """One row: the values of `TEXTS` that it has, and its amounts."""

    texts: Mapping[str, str]
    costs: Costs


def flat_rows(report: OwnerStatement) -> Iterator[FlatRow]:
    """Yield the rows of every currency: own charges, shared costs, corrections."""
    common = {"month": str(report.month), "status": status(report.finality)}
    for part in report.parts:
        for texts, costs in _of_part(part):
            yield FlatRow({**common, "currency": part.currency, **texts}, costs)


def plain_rows(report: OwnerStatement) -> list[dict[str, Any]]:
    """Return the same by column, amounts as exact decimal strings."""
    return [{**row.texts, **{basis: plain(getattr(row.costs, basis)) for basis in BASES}} for row in flat_rows(report)]


def status(finality: Finality) -> str:
    """Say in a few words whether the numbers are final."""
    if finality.state == "closed":
        return f"final, revision {finality.revision}"
    if finality.state == "changed":
        return "not valid: the rows are not those that were frozen"
    if finality.state == "over":
        return "not final: not closed yet"
    return f"not final: so far, through {finality.through}" if finality.through else "not final: nothing yet"


def how(line: SharedLine) -> str:
    """Say why a shared cost is what it is: the rule's way, the weights, what was idle, what stood in for usage."""
    notes = [line.basis, *(weighed(weight) for weight in line.weights)]
    if line.idle_cause:
        notes.append(f"idle: {_IDLE.get(line.idle_cause, line.idle_cause)}")
    if line.fallback:
        notes.append(f"without usage: {line.fallback.replace(':', ', ').replace('_', ' ')}")
    return "; ".join(notes)


def weighed(weight: Weight) -> str:
    """Say what the owner was weighed by."""
    where = f" of {weight.pool}" if weight.pool else ""
    unit = f" {weight.unit}{where}" if weight.unit else ""
    return f"{_grouped(weight.quantity)} of {_grouped(weight.whole)}{unit}"


def _grouped(quantity: Decimal) -> str:
    whole, point, decimals = plain(quantity).partition(".")
    return f"{int(whole):,}{point}{decimals}"


def _of_part(part: StatementPart) -> Iterator[tuple[dict[str, str], Costs]]:
    for own in part.lines:
        texts = {"section": "own", "service": own.service, "category": own.category, "basis": own.basis}
        yield {**texts, "team": own.team, "cost_center": own.cost_center}, own.costs
    for shared in part.shared:
        share = "" if shared.share is None else plain(shared.share)
        texts = {"section": "shared", "rule": shared.rule, "how": how(shared), "share": share}
        yield {**texts, "team": shared.team, "cost_center": shared.cost_center}, shared.costs
    for later in part.corrections:
        texts = {"section": "correction", "service": later.service, "category": later.category}
        texts |= {"corrects": later.corrects, "team": later.team, "cost_center": later.cost_center}
        yield texts, later.costs
