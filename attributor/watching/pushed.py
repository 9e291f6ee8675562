"""What usage that was pushed costs by the hour, by prices alone: from the event log, before any cycle stored it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from alerts.detect.policies.rules import HourCost
from attributor.attributing.usage_details import SAID, first_said
from attributor.config.settings import Price
from attributor.money import from_units
from attributor.watching.priced_usage import open_priced_usage
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
        open_priced_usage(connection, _PUSHED, prices, _ROWS)
        facts = (*SAID["key"], *_SAID)
        resolved = resolve_usage(connection, _ROWS, ruleset, facts, ("units", "model", "service", "currency"))
        said = ", ".join((first_said("key"), *(f"fact_{name}" for name in _SAID)))
        rows = connection.execute(
            "SELECT team, coalesce(nullif(model, ''), service) AS what, currency, epoch(hour)::BIGINT, sum(units),"
            f" {said} FROM {resolved} GROUP BY ALL ORDER BY ALL"
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
