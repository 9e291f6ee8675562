"""Undoing a closing: the month holds again what it should, and what was posted for it is taken back."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, select

from attributor.ledger.corrections import posting_days
from attributor.ledger.statement_content import totals_where
from attributor.ledger.statements import Statement, closed_in, record_undoing
from attributor.ledger.tables import corrections, rollup
from attributor.ledger.team_days import sum_team_days
from attributor.periods import Month, month_of


def months_that_hold_corrections(connection: Connection, month: Month) -> tuple[Month, ...]:
    """Return the closed months whose statements hold corrections of this one, the oldest first."""
    rows = rollup.c.day.in_(posting_days(connection, month)) & (rollup.c.corrects == str(month))
    days = connection.scalars(select(rollup.c.day).where(rows).distinct())
    return tuple(sorted({month_of(day) for day in days} & closed_in(connection).keys()))


def reopen(connection: Connection, statement: Statement, by: str, now: datetime) -> Statement:
    """Undo a closing within a transaction, and take back its month's corrections; return the statement as it stays.

    Which days are out of date is found anew from then on: what was restated is attributed in the month itself.
    """
    month = statement.month
    days = posting_days(connection, month)
    posted = rollup.c.day.in_(days) & (rollup.c.corrects == str(month))
    undone = replace(statement, undone_at=now, undone_by=by, taken_back=totals_where(connection, posted))
    record_undoing(connection, undone)
    connection.execute(delete(rollup).where(posted))
    sum_team_days(connection, days)
    connection.execute(delete(corrections).where(corrections.c.month == str(month)))
    return undone
