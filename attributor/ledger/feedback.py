"""What people taught the alert path: that a pattern is no problem, or planned for a while."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from alerts.alert import Alert, Handling
from alerts.policy import Learned
from attributor.ledger.alert_rows import state_of, state_row
from attributor.ledger.engine import alone, reading, writing
from attributor.ledger.tables import alert_feedback, alerts
from attributor.ledger.upsert import upsert

_OF_A_DAY = re.compile(r":\d{4}-\d{2}-\d{2}$")
_GLOB = re.compile(r"([*?\[])")


@dataclass(frozen=True)
class Told:
    """What somebody says of an alert; `until` (aware UTC) makes it planned, without it, it is no problem."""

    by: str
    at: datetime
    until: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Feedback:
    """What was learned, from which alert; `taken_back_by` is "" as long as it holds."""

    id: int
    key: str
    learned: Learned
    note: str
    given_at: datetime
    taken_back_by: str = ""
    taken_back_at: datetime | None = None


def pattern_of(key: str) -> str:
    """Return the glob of an alert's pattern: the same of any day, where its key ends in one."""
    stem = _OF_A_DAY.sub("", key)
    escaped = _GLOB.sub(r"[\1]", stem)
    return escaped if stem == key else f"{escaped}:*"


def give_feedback(engine: Engine, key: str, told: Told) -> Feedback | None:
    """Learn it of the alert of a key, open or resolved; an open one resolves now. None where there never was one."""
    with writing(engine) as connection:
        alone(connection)
        row = connection.execute(select(alerts).where(alerts.c.key == key)).one_or_none()
        if row is None:
            return None
        state = state_of(row)
        if state.status != "resolved":
            handling = Handling(told.by, told.at, told.note)
            ended = replace(state, status="resolved", resolved_at=told.at, snoozed_until=None, handling=handling)
            upsert(connection, alerts, [state_row(ended)])
        values = _values(state.alert, told)
        number = connection.execute(insert(alert_feedback).values(values)).inserted_primary_key
        made = select(alert_feedback).where(alert_feedback.c.id == (number and number[0]))
        return _read(connection.execute(made).one())


def take_back(engine: Engine, number: int, by: str, now: datetime) -> Feedback | None:
    """Forget what was learned: the pattern may fire again. None where nothing of that number holds."""
    with writing(engine) as connection:
        alone(connection)
        holding = (alert_feedback.c.id == number) & alert_feedback.c.taken_back_at.is_(None)
        values = {"taken_back_by": by, "taken_back_at": now}
        if connection.execute(update(alert_feedback).where(holding).values(values)).rowcount == 0:
            return None
        return _read(connection.execute(select(alert_feedback).where(alert_feedback.c.id == number)).one())


def all_feedback(engine: Engine) -> tuple[Feedback, ...]:
    """Return everything that was ever learned, what was taken back too, the oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(alert_feedback).order_by(alert_feedback.c.id))
        return tuple(_read(row) for row in rows)


def learned_in(connection: Connection) -> tuple[Learned, ...]:
    """Return what holds, within a transaction; whether it is still in its time is the path's to say."""
    holding = select(alert_feedback).where(alert_feedback.c.taken_back_at.is_(None)).order_by(alert_feedback.c.id)
    return tuple(_read(row).learned for row in connection.execute(holding))


def _values(alert: Alert, told: Told) -> dict[str, Any]:
    return {
        "pattern": pattern_of(alert.key),
        "key": alert.key,
        "lesson": "not_a_problem" if told.until is None else "planned",
        "until": told.until,
        "amount": None if alert.amount is None else str(alert.amount),
        "currency": alert.currency,
        "note": told.note,
        "given_by": told.by,
        "given_at": told.at,
    }


def _read(row: Row[Any]) -> Feedback:
    amount = None if row.amount is None else Decimal(row.amount)
    learned = Learned(row.pattern, row.lesson, row.given_by, amount, row.currency, row.until)
    return Feedback(row.id, row.key, learned, row.note, row.given_at, row.taken_back_by or "", row.taken_back_at)
