"""The ledger's table of what each team cost on each day in all."""

from sqlalchemy import Column, Date, String, Table

from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns

BASES = ("billed", "effective", "list")
PARTS = ("", "_fixed", "_corrections", "_idle", "_estimated")
"""Endings of the columns of costs: the whole, what is no usage of the day, what corrects closed months (part of that),
what stood idle, what is estimated."""

team_days = Table(
    "team_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("currency", String(20), primary_key=True),
    Column("team", String(200), primary_key=True),
    *(column for part in PARTS for basis in BASES for column in money_columns(f"{basis}{part}")),
)
"""The sums of the rollup by day, currency and team, in whole and by part; changed in the transaction that changes the
rollup. Most pages want no more of a year: a row for all that a team is charged on a day."""
