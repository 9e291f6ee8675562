"""What people do with alerts that stand: acknowledge, snooze, let fire again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine, select

from alerts.alert import AlertState, Handling
from attributor.ledger.alert_rows import state_of, state_row
from attributor.ledger.engine import alone, writing
from attributor.ledger.tables import alerts
from attributor.ledger.upsert import upsert


def acknowledge(engine: Engine, keys: Sequence[str], handling: Handling) -> tuple[AlertState, ...]:
    """Take up the alerts of these keys: they are told again only where they get worse. See `_handled`."""
    return _handled(
        engine,
        keys,
        lambda state: replace(state, status="acknowledged", handling=handling, snoozed_until=None),
    )


def snooze(engine: Engine, keys: Sequence[str], until: datetime, handling: Handling) -> tuple[AlertState, ...]:
    """Keep the alerts quiet until then (aware UTC); afterwards they fire again. See `_handled`."""
    return _handled(
        engine, keys, lambda state: replace(state, status="snoozed", handling=handling, snoozed_until=until)
    )


def fire_again(engine: Engine, keys: Sequence[str], handling: Handling) -> tuple[AlertState, ...]:
    """Take back that the alerts were acknowledged or snoozed. See `_handled`."""
    return _handled(
        engine,
        keys,
        lambda state: replace(state, status="firing", handling=handling, snoozed_until=None, woken_at=handling.at),
    )


def _handled(engine: Engine, keys: Sequence[str], change: Callable[[AlertState], AlertState]) -> tuple[AlertState, ...]:
    """Change the alerts that are not resolved and return them as they stand then; other keys are left out."""
    with writing(engine) as connection:
        alone(connection)
        standing = select(alerts).where(alerts.c.key.in_(keys), alerts.c.status != "resolved").order_by(alerts.c.key)
        changed = tuple(change(state_of(row)) for row in connection.execute(standing))
        upsert(connection, alerts, [state_row(state) for state in changed])
    return changed
