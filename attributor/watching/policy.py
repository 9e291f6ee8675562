"""What the alert path goes by: the configuration, and what people said since."""

from datetime import datetime

from sqlalchemy import Engine, select

from alerts.policy import Policy
from attributor.config.settings import AlertSettings
from attributor.ledger.engine import reading
from attributor.ledger.feedback import learned_in
from attributor.ledger.silences import silences_in
from attributor.ledger.tables import alerts


def policy_of(engine: Engine, settings: AlertSettings, now: datetime) -> Policy:
    """Return routes, maintenance, the silences that last and what was learned."""
    with reading(engine) as connection:
        silences, learned = silences_in(connection, now), learned_in(connection)
    return Policy(
        routes=settings.routes,
        silences=(*settings.maintenance, *(each.silence for each in silences)),
        learned=learned,
        following=frozenset(channel.name for channel in settings.channels if channel.type.follows),
    )


def anything_stands(engine: Engine) -> bool:
    """Say whether an alert is not resolved."""
    with reading(engine) as connection:
        return connection.scalar(select(alerts.c.key).where(alerts.c.status != "resolved").limit(1)) is not None
