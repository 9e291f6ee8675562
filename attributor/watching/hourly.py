"""What teams used by the hour: the newest days of the lake, and where such days are read from."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa

from alerts.detect.policies.rules import HourUse
from attributor.attributing.inputs import Inputs
from attributor.lake.lake import Lake
from attributor.lake.sql import identifier
from attributor.lake.views import Pin, open_view
from rules.ruleset import RuleSet
from rules.sql import literal
from rules.usage import resolve_usage

_USAGE = "hourly_usage"
_MEANS = frozenset({"gpu.utilization", "gpu.samples"})
"""Metrics whose rows are means: of several GPUs they are averaged and not summed."""


@dataclass
class KeptHours:
    """Days whose spend by the hour was read, of charges and of usage: what each was read from, and its table."""

    charges: dict[date, tuple[str, pa.Table]] = field(default_factory=dict)
    usage: dict[date, tuple[str, pa.Table]] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """Where days are read from: the lake, the engine, what is collected, and what was read of it before."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    inputs: Inputs
    kept: KeptHours = field(default_factory=KeptHours)


def hourly_usage(read: Read, ruleset: RuleSet, first: date, metrics: Collection[str]) -> list[HourUse]:
    """Return what teams used of the metrics by hour since a UTC day; `unattributed` where no fact or rule names one.

    What is a mean is averaged over a team's rows, the rest is summed.
    """
    if not metrics:
        return []
    connection = read.connection
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.usage.items() if day >= first]
    open_view(read.lake, connection, _USAGE, "usage", pins)
    named = ", ".join(literal(metric) for metric in sorted(metrics))
    view = f"{_USAGE}_of_metrics"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * FROM {identifier(_USAGE)} WHERE metric IN ({named})"
    )
    resolved = resolve_usage(connection, view, ruleset, ("model",))
    rows = connection.execute(
        "SELECT team, metric, coalesce(pool, ''), fact_model, epoch(hour)::BIGINT // 3600, sum(quantity), count(*)"
        f" FROM {resolved} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        HourUse(team, metric, pool, model, hour_of(at), quantity / count if metric in _MEANS else quantity)
        for team, metric, pool, model, at, quantity, count in rows
    ]


def hour_of(since_1970: int) -> datetime:
    """Return the start of an hour that is counted from 1970, in UTC."""
    return datetime.fromtimestamp(since_1970 * 3600, UTC)
