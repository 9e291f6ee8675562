"""What usage that was pushed costs by the hour, by prices alone: from the event log, before any cycle stored it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from alerts.detect.policies.rules import HourCost
from attributor.attributing.usage_details import SAID
from attributor.config.settings import Price
from attributor.estimating.claims import is_priced_by_list
from attributor.estimating.price_list import GenaiPrices
from attributor.estimating.pricing import PRICED, price_usage
from attributor.estimating.rates import PRICES
from attributor.money import from_units
from collectors.base import Collector, Window
from collectors.schema import USAGE
from rules.ruleset import RuleSet
from rules.usage import resolve_usage

_PUSHED, _ROWS = "pushed_usage", "pushed_rows"
_SAID = ("feature", "project")
_AHEAD = timedelta(hours=1)


def pushed_hours(
    connection: duckdb.DuckDBPyConnection,
    collector: Collector,
    prices: Sequence[Price],
    ruleset: RuleSet,
    span: tuple[datetime, datetime],
) -> list[HourCost]:
    """Return what the usage of a source costs by team, model and hour, in whole UTC days that the span touches.

    The present hour is what it is so far, and each hour is told apart by key, feature and project. Usage without a
    price is left out: its cost is unknown. Raises CollectError.
    """
    table = pa.Table.from_batches(collector.collect(Window(span[0], span[1] + _AHEAD)), USAGE)
    connection.register(_PUSHED, table)
    try:
        listed = GenaiPrices() if any(is_priced_by_list(price) for price in prices) else None
        price_usage(connection, _PUSHED, prices, listed)
        connection.execute(
            f'CREATE OR REPLACE TEMP VIEW {_ROWS} AS SELECT u.source AS "x_Source", u.hour, u.metric, u.pool, u.facts,'
            " u.quantity, u.units, coalesce(nullif(u.model, ''), p.service) AS what, p.currency"
            f" FROM {PRICED} u JOIN {PRICES} p USING (number)"
        )
        facts = (*SAID["key"], *_SAID)
        resolved = resolve_usage(connection, _ROWS, ruleset, facts, ("units", "what", "currency"))
        keys = ", ".join(f"nullif(fact_{name}, '')" for name in SAID["key"])
        said = ", ".join((f"coalesce({keys}, '')", *(f"fact_{name}" for name in _SAID)))
        rows = connection.execute(
            f"SELECT team, what, currency, epoch(hour)::BIGINT, sum(units), {said} FROM {resolved}"
            " GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    finally:
        connection.unregister(_PUSHED)
    return [
        HourCost(
            *(team, what, currency, datetime.fromtimestamp(seconds, UTC), from_units(int(units))),
            said=tuple((name, value) for name, value in zip(("key", *_SAID), said_of_it, strict=True) if value),
        )
        for team, what, currency, seconds, units, *said_of_it in rows
    ]
