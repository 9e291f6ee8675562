"""What was seen and is no alarm: written down, never told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from alerts.alert import Alert
from attributor.ledger.alert_json import alert_from_json, alert_to_json
from attributor.ledger.engine import reading, writing
from attributor.ledger.tables import alert_notes
from attributor.ledger.upsert import upsert

SHOWN_FOR = timedelta(days=30)
"""So long after it was last seen a note is shown."""


@dataclass(frozen=True)
class Noted:
    """A note, when it was first written down and when it was last seen (aware UTC)."""

    alert: Alert
    first_noted: datetime
    last_noted: datetime


def keep_notes(engine: Engine, notes: Iterable[Alert], now: datetime) -> None:
    """Write down what is seen now; a note of before becomes as it is now and keeps when it began."""
    by_key = {note.key: note for note in notes}
    if not by_key:
        return
    kept = select(alert_notes.c.key, alert_notes.c.first_noted).where(alert_notes.c.key.in_(list(by_key)))
    with reading(engine) as connection:
        known = {row.key: row.first_noted for row in connection.execute(kept)}
    rows = [
        {
            "key": key,
            "team": note.team,
            "body": alert_to_json(note),
            "first_noted": known.get(key, now),
            "last_noted": now,
        }
        for key, note in by_key.items()
    ]
    with writing(engine) as connection:
        upsert(connection, alert_notes, rows)


def notes_of(connection: Connection, team: str | None = None) -> tuple[Noted, ...]:
    """Return the notes of one team or of all, seen in the 30 days before the newest; the newest first."""
    query = select(alert_notes)
    if team is not None:
        query = query.where(alert_notes.c.team == team)
    found = [
        Noted(alert_from_json(row.body), row.first_noted, row.last_noted)
        for row in connection.execute(query.order_by(alert_notes.c.first_noted.desc(), alert_notes.c.key))
    ]
    newest = max((note.last_noted for note in found), default=None)
    return tuple(note for note in found if newest is not None and newest - note.last_noted < SHOWN_FOR)
