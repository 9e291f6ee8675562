"""The audit trail: who changed what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from attributor.ledger.access_tables import audit_trail
from attributor.ledger.engine import writing

_LONGEST_ACTION, _LONGEST_NAME = 300, 200


@dataclass(frozen=True)
class Change:
    """A change: `who` as they signed in, `via` open, proxy, oidc, token, slack or cli; `detail` is what was sent."""

    at: datetime
    who: str
    via: str
    action: str
    detail: str = ""


def record_change(engine: Engine, change: Change) -> None:
    """Add a change to the trail, from which nothing is ever taken."""
    values = {
        "at": change.at,
        "who": change.who[:_LONGEST_NAME],
        "via": change.via,
        "action": change.action[:_LONGEST_ACTION],
        "detail": change.detail,
    }
    with writing(engine) as connection:
        connection.execute(insert(audit_trail).values(**values))


def changes(engine: Engine, limit: int, before: int | None = None) -> Sequence[tuple[int, Change]]:
    """Return the newest changes with their numbers, or those before a number."""
    query = select(audit_trail).order_by(audit_trail.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_trail.c.id < before)
    with engine.connect() as connection:
        return [(row.id, Change(row.at, row.who, row.via, row.action, row.detail)) for row in connection.execute(query)]
