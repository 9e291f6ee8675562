"""Restated days as their detector wants them."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from alerts.detect.restatement import RestatedDay
from attributor.ledger.money_columns import joined
from attributor.ledger.tables import restatements

_LOOK_BACK = timedelta(days=7)
_SETTLING = timedelta(days=3)


def restated_days(engine: Engine, now: datetime) -> tuple[RestatedDay, ...]:
    """Return the days that came again lately with another cost.

    A bill grows for two days after the day it is of: only days that had settled when they changed are restatements.
    """
    query = select(restatements).where(restatements.c.noticed_at > now - _LOOK_BACK)
    with engine.connect() as connection:
        return tuple(
            RestatedDay(
                source=row.source,
                day=row.day,
                before=joined(row.before_millionths, row.before_rest),
                after=joined(row.after_millionths, row.after_rest),
                currency=row.currency,
                noticed_at=row.noticed_at,
            )
            for row in connection.execute(query)
            if row.noticed_at.date() - row.day > _SETTLING
        )
