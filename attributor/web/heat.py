"""How hard GPUs computed by hour of the day: each day of a short period, the days of the week of a long one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from attributor.money import total
from attributor.reports.gpu_usage import GpuHour
from attributor.reports.lines import ratio
from attributor.web.formats import percentage, quantity, short_day

Spec = dict[str, Any]
_MOST_DAYS = 35
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class HeatRow:
    """One day, or day of the week, by UTC hour: GPU hours there (held, where none are told) and computing."""

    name: str
    there: tuple[Decimal, ...]
    busy: tuple[Decimal, ...]

    @property
    def shares(self) -> tuple[Decimal | None, ...]:
        """What of the hours that were there computed, None where none were."""
        return tuple(ratio(busy, there) for busy, there in zip(self.busy, self.there, strict=True))


def heat(hours: Sequence[GpuHour]) -> tuple[HeatRow, ...]:
    """Return the rows, in the order of time; none where no hour is told of."""
    by_week = len({each.day for each in hours}) > _MOST_DAYS
    cells: dict[str, dict[int, list[GpuHour]]] = {}
    ordered = sorted(hours, key=lambda each: (each.day.weekday(), each.day)) if by_week else hours
    for each in ordered:
        name = _WEEK[each.day.weekday()] if by_week else short_day(each.day)
        cells.setdefault(name, {}).setdefault(each.hour, []).append(each)
    return tuple(_row(name, found) for name, found in cells.items())


def heat_map(rows: Sequence[HeatRow]) -> Spec:
    """Return the rows as a map of hour and day: the more computed, the darker."""
    values = [
        {
            "day": row.name,
            "hour": hour,
            "share": float(share),
            "Hour": f"{hour:02d}:00 UTC",
            "Computing": f"{percentage(share)} of {quantity(row.there[hour])} GPU h",
        }
        for row in rows
        for hour, share in enumerate(row.shares)
        if share is not None
    ]
    scale = {"domain": [0, 1], "range": ["var(--heat-low)", "var(--heat-high)"]}
    label = "(datum.value < 10 ? '0' : '') + datum.value + ':00'"
    plain: Spec = {"title": None, "ticks": False, "domain": False}
    x_axis = {**plain, "labelAngle": 0, "values": [0, 6, 12, 18], "labelExpr": label}
    tooltip = [{"field": "day", "title": "Day"}, {"field": "Hour"}, {"field": "Computing"}]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "height": {"step": 14},
        "data": {"values": values},
        "mark": {"type": "rect", "stroke": "var(--surface)", "strokeWidth": 1},
        "encoding": {
            "x": {"field": "hour", "type": "ordinal", "scale": {"domain": list(range(24))}, "axis": x_axis},
            "y": {
                "field": "day",
                "type": "ordinal",
                "sort": [row.name for row in rows],
                "axis": {**plain, "labelOverlap": True},
            },
            "color": {"field": "share", "type": "quantitative", "scale": scale, "legend": None},
            "tooltip": tooltip,
        },
    }


def _row(name: str, found: dict[int, list[GpuHour]]) -> HeatRow:
    hours = [found.get(hour, []) for hour in range(24)]
    return HeatRow(
        name=name,
        there=tuple(total(each.capacity or each.held for each in cell) for cell in hours),
        busy=tuple(total(each.busy for each in cell) for cell in hours),
    )
