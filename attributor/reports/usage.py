"""What was used, by metric and group, in windows of whole UTC days."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Connection, select

from attributor.ledger.money_columns import money_sums
from attributor.ledger.tables import usage_rollup
from attributor.money import from_units, to_units
from attributor.reports.allocations.windows import Window
from attributor.reports.costs import amounts

USAGE_DIMENSIONS: Mapping[str, Column[Any]] = MappingProxyType(
    {name: usage_rollup.c[name] for name in ("pool", "team", "model", "source")}
)
"""What usage can be grouped by beside its metric."""


@dataclass(frozen=True)
class UsageRequest:
    """Consecutive windows, what to group by beside the metric, and the values that columns must have."""

    windows: tuple[Window, ...]
    by: tuple[str, ...]
    kept: Mapping[str, str]


@dataclass(frozen=True)
class UsageLine:
    """How much of a metric one group used in a window; `values` in the order of `UsageRequest.by`."""

    window: Window
    metric: str
    values: tuple[str, ...]
    quantity: Decimal


def parse_usage_dimensions(text: str) -> tuple[str, ...]:
    """Read "team,model", or nothing; raise ValueError that lists what is possible otherwise."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in USAGE_DIMENSIONS]
    if unknown or len(set(names)) < len(names):
        raise ValueError(f"cannot group usage by {text!r}; write some of {', '.join(USAGE_DIMENSIONS)}, each once")
    return names


def usage(connection: Connection, request: UsageRequest) -> tuple[UsageLine, ...]:
    """Sum the published usage exactly, in the order of windows, metrics and values; one query."""
    windows, table = request.windows, usage_rollup.c
    days = (table.day,) if len(windows) > 1 else ()
    columns = (table.metric, *(USAGE_DIMENSIONS[name] for name in request.by), *days)
    query = select(*columns, *money_sums(usage_rollup, "quantity")).where(
        table.day >= windows[0].start,
        table.day < windows[-1].end,
        *(table[name] == value for name, value in request.kept.items()),
    )
    found: dict[tuple[int, tuple[str, ...]], int] = {}
    for row in connection.execute(query.group_by(*columns)):
        at = bisect_right(windows, row.day, key=lambda window: window.start) - 1 if days else 0
        key = (at, tuple(row[: len(request.by) + 1]))
        found[key] = found.get(key, 0) + to_units(amounts(row, len(columns))[0])
    return tuple(
        UsageLine(windows[at], values[0], values[1:], from_units(found[at, values])) for at, values in sorted(found)
    )
