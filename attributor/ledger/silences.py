"""Silences that people set while the daemon runs."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from alerts.policy import Match, Silence
from attributor.ledger.engine import alone, reading, writing
from attributor.ledger.tables import silences


@dataclass(frozen=True)
class SetSilence:
    """A silence with its number, and who set it when."""

    id: int
    silence: Silence
    created_by: str
    created_at: datetime


def add_silence(engine: Engine, silence: Silence, by: str, now: datetime) -> SetSilence:
    """Set a silence; nothing that it covers is told from the next pass on."""
    matches = {
        "team": silence.match.team,
        "severity": silence.match.severity,
        "kind": silence.match.kind,
        "key": silence.keys,
    }
    values = {
        "starts_at": silence.start,
        "ends_at": silence.end,
        "reason": silence.reason,
        "matches": json.dumps(matches),
        "created_by": by,
        "created_at": now,
    }
    with writing(engine) as connection:
        alone(connection)
        number = connection.execute(insert(silences).values(values)).inserted_primary_key
    return SetSilence(0 if number is None else int(number[0]), silence, by, now)


def end_silence(engine: Engine, number: int, now: datetime) -> SetSilence | None:
    """End a silence now; return it, or None where none of that number lasts."""
    with writing(engine) as connection:
        alone(connection)
        lasting = (silences.c.id == number) & (silences.c.ends_at > now)
        if connection.execute(update(silences).where(lasting).values(ends_at=now)).rowcount == 0:
            return None
        return _read(connection.execute(select(silences).where(silences.c.id == number)).one())


def lasting_silences(engine: Engine, now: datetime) -> tuple[SetSilence, ...]:
    """Return the silences that have not ended, also those that have not begun."""
    with reading(engine) as connection:
        return silences_in(connection, now)


def silences_in(connection: Connection, now: datetime) -> tuple[SetSilence, ...]:
    """Do the same within a transaction."""
    query = select(silences).where(silences.c.ends_at > now).order_by(silences.c.id)
    return tuple(_read(row) for row in connection.execute(query))


def _read(row: Row[Any]) -> SetSilence:
    matches = {name: tuple(globs) for name, globs in json.loads(row.matches).items()}
    match = Match(matches["team"], matches["severity"], matches["kind"])
    silence = Silence(row.starts_at, row.ends_at, row.reason, match, matches["key"])
    return SetSilence(row.id, silence, row.created_by, row.created_at)
