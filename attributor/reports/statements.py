"""The closings of months: what was frozen, by whom, and whether the rows still say the same."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from attributor.ledger.engine import reading
from attributor.ledger.statement_content import COSTS, Totals, statement_digest
from attributor.ledger.statements import Statement, statements_in
from attributor.money import plain


@dataclass(frozen=True)
class HeldStatement:
    """A closing; `intact` says whether the month's rows still have its digest, None where it was undone."""

    statement: Statement
    intact: bool | None

    @property
    def state(self) -> str:
        """What it is now: closed, changed or undone."""
        return {True: "closed", False: "changed", None: "undone"}[self.intact]


def held_statements(engine: Engine) -> tuple[HeldStatement, ...]:
    """Return every closing that ever was, by month and revision, each that stands held against its month's rows."""
    with reading(engine) as connection:
        return tuple(
            HeldStatement(
                found,
                statement_digest(connection, found.month) == found.content.digest if found.stands else None,
            )
            for found in statements_in(connection)
        )


def statement_document(statement: Statement) -> dict[str, Any]:
    """Return the JSON document of a closing; amounts are decimal strings."""
    undone_at = statement.undone_at
    return {
        "month": str(statement.month),
        "revision": statement.revision,
        "closed_at": statement.closed_at.isoformat(),
        "closed_by": statement.closed_by,
        "rules": statement.rules_digest,
        "digest": statement.content.digest,
        "totals": _totals(statement.content.totals),
        "teams": [
            {"team": team, "currency": currency, "cost": plain(cost)} for team, currency, cost in team_costs(statement)
        ],
        "undone_at": None if undone_at is None else undone_at.isoformat(),
        "undone_by": statement.undone_by,
        "taken_back": None if statement.taken_back is None else _totals(statement.taken_back),
    }


def held_document(held: HeldStatement) -> dict[str, Any]:
    """Return the same with what became of it."""
    return {**statement_document(held.statement), "state": held.state, "intact": held.intact}


def team_costs(statement: Statement) -> tuple[tuple[str, str, Decimal], ...]:
    """Return (team, currency, effective cost) as frozen, the most expensive of each currency first."""
    return tuple(
        (team, currency, cost)
        for currency, of in sorted(statement.content.teams.items())
        for team, cost in sorted(of.items(), key=lambda found: (found[1].copy_negate(), found[0]))
    )


def _totals(totals: Totals) -> list[dict[str, str]]:
    return [
        {"currency": currency, **{cost: plain(costs[cost]) for cost in COSTS}}
        for currency, costs in sorted(totals.items())
    ]
