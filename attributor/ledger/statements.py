"""Which months are closed, and what was frozen of them. A closing that was undone leaves its row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from attributor.ledger.engine import reading
from attributor.ledger.statement_content import StatementContent, Teams, Totals
from attributor.ledger.tables import statements as stored
from attributor.money import plain
from attributor.periods import Month, month_of, parse_month

_NAME_LENGTH = 200


class ClosingChangedError(Exception):
    """The day's month was closed or opened again since the day was computed: what was computed must not be written."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{month_of(day)} was closed or opened again while {day} was attributed")
        self.day = day


@dataclass(frozen=True)
class Statement:
    """One closing of a UTC month, the `revision`-th; it stands while `undone_at` (aware UTC) is None.

    `rules_digest` names the rules in use when it was closed, by which its days are attributed for ever. `taken_back`
    is what the corrections that an undoing took back came to.
    """

    month: Month
    revision: int
    closed_at: datetime
    closed_by: str
    rules_digest: str
    content: StatementContent
    undone_at: datetime | None = None
    undone_by: str | None = None
    taken_back: Totals | None = None

    @property
    def stands(self) -> bool:
        """Whether the month is closed by it."""
        return self.undone_at is None


def statements(engine: Engine) -> tuple[Statement, ...]:
    """Return every closing that ever was, by month and revision."""
    with reading(engine) as connection:
        return tuple(statements_in(connection))


def closed_months(engine: Engine) -> Mapping[Month, Statement]:
    """Return the months that are closed now, the oldest first, each with its statement."""
    with reading(engine) as connection:
        return closed_in(connection)


def closed_in(connection: Connection) -> Mapping[Month, Statement]:
    """Return the months that are closed now, read through an open connection; one small query."""
    return {found.month: found for found in statements_in(connection) if found.stands}


def closed_at(connection: Connection, month: Month) -> datetime | None:
    """Return when a month was closed (aware UTC), None while it is open; whoever may read any team may know that."""
    query = select(stored.c.closed_at).where(stored.c.month == str(month), stored.c.undone_at.is_(None))
    found: datetime | None = connection.scalar(query)
    return found


def record_statement(connection: Connection, statement: Statement) -> Statement:
    """Write a closing within a transaction, as the next revision of its month; return it with that revision."""
    of_month = stored.c.month == str(statement.month)
    revision = (connection.scalar(select(func.max(stored.c.revision)).where(of_month)) or 0) + 1
    row = {
        "month": str(statement.month),
        "revision": revision,
        "closed_at": statement.closed_at,
        "closed_by": _cut(statement.closed_by),
        "rules_digest": statement.rules_digest,
        "digest": statement.content.digest,
        "totals": _as_json(statement.content.totals),
        "teams": _as_json(statement.content.teams),
    }
    connection.execute(insert(stored).values(row))
    return closed_in(connection)[statement.month]


def record_undoing(connection: Connection, undone: Statement) -> None:
    """Note within a transaction that a closing was undone, by whom, and what its corrections came to."""
    of_statement = (stored.c.month == str(undone.month)) & (stored.c.revision == undone.revision)
    taken_back = _as_json(undone.taken_back or {})
    values = {"undone_at": undone.undone_at, "undone_by": _cut(undone.undone_by or ""), "taken_back": taken_back}
    connection.execute(update(stored).where(of_statement).values(values))


def statements_in(connection: Connection) -> list[Statement]:
    """Return every closing that ever was, by month and revision, read through an open connection."""
    query = select(stored).order_by(stored.c.month, stored.c.revision)
    return [_statement(row) for row in connection.execute(query)]


def _statement(row: Row[Any]) -> Statement:
    content = StatementContent(row.digest, _from_json(row.totals), _from_json(row.teams))
    taken_back = None if row.taken_back is None else _from_json(row.taken_back)
    return Statement(
        month=parse_month(row.month),
        revision=row.revision,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        rules_digest=row.rules_digest,
        content=content,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        taken_back=taken_back,
    )


def _as_json(amounts: Totals | Teams) -> str:
    written = {currency: {name: plain(amount) for name, amount in of.items()} for currency, of in amounts.items()}
    return json.dumps(written, sort_keys=True)


def _from_json(text: str) -> dict[str, dict[str, Decimal]]:
    return {
        currency: {name: Decimal(amount) for name, amount in of.items()} for currency, of in json.loads(text).items()
    }


def _cut(name: str) -> str:
    return name[:_NAME_LENGTH].replace("\0", "\ufffd")
