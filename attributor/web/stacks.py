"""The overview's days by team or another dimension, what is small summed up: what its chart and its table show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext

from attributor.reports.overview import Overview
from attributor.web.palette import slots
from rules.ruleset import Team

_SERIES = 8
_OTHER_SLOT = "other"
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Layer:
    """One series: the value that it is of, None for all that have no series of their own, its name and its colour."""

    key: str | None
    name: str
    slot: str


@dataclass(frozen=True)
class Stack:
    """Costs by day and series, the most expensive first. Each of `days` is (day, costs in the order of `layers`)."""

    layers: tuple[Layer, ...]
    days: tuple[tuple[date, tuple[Decimal, ...]], ...]


Point = tuple[date, str, Decimal]


def stack(report: Overview, teams: Mapping[str, Team], *, usage_only: bool = False) -> Stack:
    """Return the period's days by what the report is grouped by, its teams otherwise.

    Of more than eight series the smaller ones are one. `usage_only` leaves out purchases, taxes, credits and
    adjustments. A team has its own colour, anything else that of its place.
    """
    found = report.grouping
    if found is None or found.by == "team":
        named = [(line.team, line.name) for line in report.teams]
        colours = slots(teams, (line.team for line in report.teams))
        days = ((each.day, each.team, each.usage if usage_only else each.cost) for each in report.days)
        return _stacked([Layer(team, name, colours[team]) for team, name in named], days, "Other teams")
    places = enumerate(found.lines)
    layers = [Layer(line.name, line.name or "not given", str(place % _SERIES + 1)) for place, line in places]
    grouped = ((each.day, each.name, each.usage if usage_only else each.cost) for each in found.days)
    return _stacked(layers, grouped, "Other")


def _stacked(layers: list[Layer], points: Iterable[Point], other: str) -> Stack:
    shown = layers if len(layers) <= _SERIES else layers[: _SERIES - 1]
    keys = {layer.key for layer in shown}
    cells: defaultdict[date, defaultdict[str | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with localcontext(_EXACT):
        # Tens of thousands of points where teams are many: sums of Decimals are three times faster than of integers.
        for day, key, cost in points:
            cells[day][key if key in keys else None] += cost
    rest = [Layer(None, other, _OTHER_SLOT)] if any(None in day for day in cells.values()) else []
    drawn = (*shown, *rest)
    days = tuple((day, tuple(cells[day][layer.key] for layer in drawn)) for day in sorted(cells))
    return Stack(drawn, days)
