"""The monthly statement of a team or a cost center: what it is charged, why, and whether that is final."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, select

from attributor.ledger.engine import reading
from attributor.ledger.statement_content import rows_digest, totals_where
from attributor.ledger.statements import Statement, closed_in
from attributor.ledger.tables import rollup
from attributor.periods import Month
from attributor.reports.costs import on_days
from attributor.reports.document import document
from attributor.reports.finality import Finality, finality, month_rules
from attributor.reports.owners import known_team, shown_name
from attributor.reports.statement_lines import (
    CorrectionLine,
    Costs,
    OwnLine,
    SharedLine,
    correction_lines,
    own_lines,
    summed_costs,
)
from attributor.reports.statement_shared import shared_lines
from rules.ruleset import RuleSet, Team

OwnerKind = Literal["team", "cost_center"]


class NoStatementError(LookupError):
    """No cost center is called so; the message says it."""


@dataclass(frozen=True)
class Owner:
    """Whose statement: a team's id, or a cost center's code, "" for all that has none."""

    kind: OwnerKind
    id: str

    @property
    def rows(self) -> ColumnElement[bool]:
        """The condition that a rollup row is the owner's."""
        return (rollup.c.team if self.kind == "team" else rollup.c.cost_center) == self.id


@dataclass(frozen=True)
class StatementPart:
    """A statement's amounts in one currency.

    `lines` sum to `own`, `shared` to `shared_cost`, `corrections` to `corrected`; the three together are `total`.
    """

    currency: str
    lines: tuple[OwnLine, ...]
    shared: tuple[SharedLine, ...]
    corrections: tuple[CorrectionLine, ...]
    own: Costs
    shared_cost: Costs
    corrected: Costs
    total: Costs


@dataclass(frozen=True)
class OwnerStatement:
    """What a UTC month costs a team or a cost center, seen at `seen_at` (aware UTC; None where it is final).

    `parts` are by currency, the most expensive first; none where nothing was charged. `digest` is the SHA-256 of the
    owner's rows of the month, in the form of the month's own digest: it tells whether another copy says the same.
    `teams` are those that the charges belong to, with their names.
    """

    month: Month
    owner: Owner
    name: str
    cost_center: str
    teams: Mapping[str, str]
    finality: Finality
    parts: tuple[StatementPart, ...]
    digest: str
    seen_at: datetime | None


def owner_statement(
    engine: Engine, teams: Mapping[str, Team], owner: Owner, month: Month, now: datetime
) -> OwnerStatement:
    """Read a statement. `teams` name those of an open month; a closed one keeps the names of its time.

    Raises UnknownTeamError for a team that no rule and no charge knows, and NoStatementError for such a cost center.
    """
    keep = on_days(month.first, month.end) & owner.rows
    with reading(engine) as connection:
        closing = closed_in(connection).get(month)
        rules = month_rules(connection, month, closing)
        known = teams if closing is None or rules.ruleset is None else {team.id: team for team in rules.ruleset.teams}
        name, cost_center = _named(connection, known, owner)
        found = finality(connection, month, rules, now)
        if closing is not None and _has_moved(connection, owner, closing):
            found = replace(found, state="changed")
        members = connection.scalars(select(rollup.c.team).where(keep).distinct().order_by(rollup.c.team))
        return OwnerStatement(
            month=month,
            owner=owner,
            name=name,
            cost_center=cost_center,
            teams={team: shown_name(known, team) for team in members},
            finality=found,
            parts=_parts(connection, rules.ruleset, keep, month),
            digest=rows_digest(connection, month, owner.rows),
            seen_at=None if found.is_final else now,
        )


def owner_statement_document(report: OwnerStatement) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings, and `final` says whether they can still change."""
    return {"final": report.finality.is_final, **document(report)}


def _parts(
    connection: Connection, ruleset: RuleSet | None, keep: ColumnElement[bool], month: Month
) -> tuple[StatementPart, ...]:
    own, corrections = own_lines(connection, keep), correction_lines(connection, keep)
    shared = shared_lines(connection, ruleset, keep, month)
    parts = [
        _part(currency, own.get(currency, ()), shared.get(currency, ()), corrections.get(currency, ()))
        for currency in {*own, *shared, *corrections}
    ]
    return tuple(sorted(parts, key=lambda part: (part.total.effective.copy_negate(), part.currency)))


def _part(
    currency: str, own: tuple[OwnLine, ...], shared: tuple[SharedLine, ...], corrections: tuple[CorrectionLine, ...]
) -> StatementPart:
    sums = {
        "own": summed_costs(line.costs for line in own),
        "shared_cost": summed_costs(line.costs for line in shared),
        "corrected": summed_costs(line.costs for line in corrections),
    }
    return StatementPart(currency, own, shared, corrections, **sums, total=summed_costs(sums.values()))


def _named(connection: Connection, teams: Mapping[str, Team], owner: Owner) -> tuple[str, str]:
    """Return the owner's name, and its cost center."""
    if owner.kind == "team":
        return shown_name(teams, owner.id), known_team(connection, teams, owner.id).cost_center
    if not any(team.cost_center == owner.id for team in teams.values()):
        there = connection.scalar(select(rollup.c.id).where(owner.rows).limit(1))
        if there is None:
            raise NoStatementError(f"nothing was ever charged to a cost center {owner.id!r}")
    return (f"Cost center {owner.id}" if owner.id else "Without a cost center"), owner.id


def _has_moved(connection: Connection, owner: Owner, closing: Statement) -> bool:
    """Say whether a team's rows of a closed month no longer come to what was frozen; `attributor statements` sees all.

    Of cost centers no sums are frozen.
    """
    if owner.kind != "team":
        return False
    rows = on_days(closing.month.first, closing.month.end) & owner.rows
    now = {currency: costs["effective"] for currency, costs in totals_where(connection, rows).items()}
    return now != {currency: of[owner.id] for currency, of in closing.content.teams.items() if owner.id in of}
