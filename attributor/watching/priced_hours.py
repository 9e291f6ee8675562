"""What usage costs by the hour at its prices: also on days of which the bill, which tells only days, came already."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from attributor.config.settings import Price
from attributor.lake.views import Pin, open_view
from attributor.watching.hourly import Read
from attributor.watching.hourly_spend import HOURS_SCHEMA, Days, kept_hours
from attributor.watching.priced_usage import open_priced_usage
from rules.ruleset import RuleSet
from rules.sql import amount_of
from rules.usage import resolve_usage

_USAGE, _ROWS = "usage_by_the_hour", "priced_by_the_hour"


def priced_hours(read: Read, ruleset: RuleSet, prices: Sequence[Price], first: date) -> pa.Table:
    """Return what teams' usage cost by source, service, currency and hour since a UTC day, as `hours_of_spend` does.

    It is of prices that stand for a bill, and whose rate no bill has to be looked into for.
    """
    own = tuple(price for price in prices if price.replaces is not None and not price.prefer)
    if not own:
        return HOURS_SCHEMA.empty_table()
    digest = hashlib.sha256("\n".join([ruleset.digest, *(price.digest for price in own)]).encode()).hexdigest()
    days = Days(read.inputs.usage, first, digest)
    return kept_hours(read.kept.usage, days, lambda batch: _read(read, ruleset, own, batch))


def _read(read: Read, ruleset: RuleSet, prices: Sequence[Price], days: Collection[date]) -> pa.Table:
    connection = read.connection
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.usage.items() if day in days]
    open_view(read.lake, connection, _USAGE, "usage", pins)
    open_priced_usage(connection, _USAGE, prices, _ROWS)
    resolved = resolve_usage(connection, _ROWS, ruleset, (), ("units", "service", "currency"))
    table: pa.Table = connection.sql(
        'SELECT "x_Source" AS source, team, service, currency, "x_Day" AS day,'
        f" (epoch(hour)::BIGINT // 3600)::INTEGER AS hour, {amount_of('sum(units)')} AS cost"
        f" FROM {resolved} GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    return table
