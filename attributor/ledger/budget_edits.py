"""Budgets that were changed beside the rules file: by whom, when, why, and what the file said then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from attributor.ledger.budget_tables import budget_edits as stored
from attributor.ledger.engine import reading, writing
from attributor.money import plain

_LONGEST_NAME, _LONGEST_REASON = 200, 500


class EditedMeanwhileError(Exception):
    """Somebody else changed the team's budget since it was looked at; nothing was written."""


@dataclass(frozen=True)
class BudgetEdit:
    """The `revision`-th change of a team's monthly budget, in the currency that its budgets are in.

    `monthly` None takes the file's again; `in_file` is what the file said then, None for no budget. `made_at` is aware
    UTC.
    """

    team: str
    monthly: Decimal | None
    in_file: Decimal | None
    reason: str
    made_by: str
    made_at: datetime
    revision: int = 0


def last_edits(engine: Engine) -> Mapping[str, BudgetEdit]:
    """Return the last change of each team's budget, by team; one small query."""
    last = select(stored.c.team, func.max(stored.c.revision).label("revision")).group_by(stored.c.team).subquery()
    is_last = (stored.c.team == last.c.team) & (stored.c.revision == last.c.revision)
    with reading(engine) as connection:
        return {row.team: _edit(row) for row in connection.execute(select(stored).join(last, is_last))}


def edits_of(engine: Engine, team: str) -> tuple[BudgetEdit, ...]:
    """Return every change of a team's budget, the newest first."""
    query = select(stored).where(stored.c.team == team).order_by(stored.c.revision.desc())
    with reading(engine) as connection:
        return tuple(_edit(row) for row in connection.execute(query))


def record_edit(engine: Engine, edit: BudgetEdit, seen: int) -> BudgetEdit:
    """Write a change behind the revision that its author had `seen`, 0 for none; return it with its own.

    Raises EditedMeanwhileError where that is no longer the last one.
    """
    made = replace(edit, revision=seen + 1)
    row = {
        "team": edit.team,
        "revision": made.revision,
        "monthly": None if edit.monthly is None else plain(edit.monthly),
        "in_file": None if edit.in_file is None else plain(edit.in_file),
        "reason": edit.reason[:_LONGEST_REASON],
        "made_by": edit.made_by[:_LONGEST_NAME],
        "made_at": edit.made_at,
    }
    try:
        with writing(engine) as connection:
            last = connection.scalar(select(func.max(stored.c.revision)).where(stored.c.team == edit.team))
            if (last or 0) != seen:
                raise EditedMeanwhileError(edit.team)
            connection.execute(insert(stored).values(row))
    except IntegrityError as error:  # PostgreSQL lets two of them look at the same moment
        raise EditedMeanwhileError(edit.team) from error
    return made


def _edit(row: Row[Any]) -> BudgetEdit:
    monthly, in_file = (None if text is None else Decimal(text) for text in (row.monthly, row.in_file))
    return BudgetEdit(row.team, monthly, in_file, row.reason, row.made_by, row.made_at, row.revision)
