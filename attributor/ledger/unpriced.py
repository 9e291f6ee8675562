"""Usage whose cost is unknown, as it was counted when its day was last estimated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, bindparam, delete, insert, select

from attributor.ledger.money_columns import joined, money_values
from attributor.ledger.tables import unpriced_usage


@dataclass(frozen=True)
class UnpricedUsage:
    """What a team used of a model on a UTC day, in units of the metric, and why no price is known for it.

    `source` is that of the bill that the price would stand for, "" for none; `usage_source` is where the usage is from.
    """

    source: str
    day: date
    usage_source: str
    provider: str
    model: str
    metric: str
    team: str
    reason: str
    quantity: Decimal


def unpriced_between(connection: Connection, first: date, end: date) -> tuple[UnpricedUsage, ...]:
    """Return the usage of unknown cost of [first, end), in the order of its keys."""
    within = (unpriced_usage.c.day >= first) & (unpriced_usage.c.day < end)
    query = select(unpriced_usage).where(within).order_by(*unpriced_usage.primary_key)
    return tuple(
        UnpricedUsage(
            source=row.source,
            day=row.day,
            usage_source=row.usage_source,
            provider=row.provider,
            model=row.model,
            metric=row.metric,
            team=row.team,
            reason=row.reason,
            quantity=joined(row.quantity_millionths, row.quantity_rest),
        )
        for row in connection.execute(query)
    )


def replace_unpriced(connection: Connection, keys: Iterable[tuple[str, date]], found: Sequence[UnpricedUsage]) -> None:
    """Put what was found in the place of what was known of these sources and days."""
    rows = [{"of_source": source, "of_day": day} for source, day in keys]
    if rows:
        of_key = (unpriced_usage.c.source == bindparam("of_source")) & (unpriced_usage.c.day == bindparam("of_day"))
        connection.execute(delete(unpriced_usage).where(of_key), rows)
    if found:
        connection.execute(insert(unpriced_usage), [_row(each) for each in found])


def _row(each: UnpricedUsage) -> dict[str, object]:
    names = ("source", "day", "usage_source", "provider", "model", "metric", "team", "reason")
    return {**{name: getattr(each, name) for name in names}, **money_values("quantity", each.quantity)}
