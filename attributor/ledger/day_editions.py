"""Which edition of each UTC day the ledger has: another one whenever what it says of a day is written anew."""

import secrets
from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import Connection, select

from attributor.ledger.tables import day_editions
from attributor.ledger.upsert import upsert


def renew_days(connection: Connection, days: Collection[date]) -> None:
    """Give the days another edition, within the transaction that changes the rollup or the usage of these days."""
    upsert(connection, day_editions, [{"day": day, "edition": secrets.token_hex(16)} for day in days])


def day_editions_in(connection: Connection) -> Mapping[date, str]:
    """Return the editions by day; a day that was never written anew since they are noted has none."""
    query = select(day_editions.c.day, day_editions.c.edition)
    return {row.day: row.edition for row in connection.execute(query)}
