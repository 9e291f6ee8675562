"""Buttons under a message: what pressing one does to the alerts that the message told of."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.alert import Handling
from attributor.ledger.alert_handling import acknowledge, snooze
from attributor.ledger.alert_log import keys_told
from attributor.ledger.feedback import Told, give_feedback

SNOOZED_FOR = timedelta(days=1)
"""How long the button keeps quiet."""


def press(engine: Engine, action: str, message_id: str, by: str, now: datetime) -> str:
    """Acknowledge, snooze, or learn that it is no problem, of all alerts of a message; return what was done, in words.

    Alerts that resolved meanwhile stay as they are. Raises ValueError for an action or a message that is not known.
    """
    keys = keys_told(engine, message_id)
    if not keys:
        raise ValueError("that message is not known")
    handling = Handling(by, now)
    of = ", ".join(keys)
    if action == "acknowledge":
        return f"{len(acknowledge(engine, keys, handling))} acknowledged by {by}: {of}"
    if action == "snooze":
        return f"{len(snooze(engine, keys, now + SNOOZED_FOR, handling))} snoozed for a day by {by}: {of}"
    if action == "not_a_problem":
        told = Told(by, now)
        return f"{sum(give_feedback(engine, key, told) is not None for key in keys)} no problem, says {by}: {of}"
    raise ValueError(f"{action!r} is no button of ours")
