"""The overview's days by team, with small teams summed up as one: what its chart draws and its table says."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from attributor.money import total
from attributor.reports.overview import Overview

OTHER = ""
"""Stands for all teams that have no series of their own."""

_SERIES = 8


@dataclass(frozen=True)
class Stack:
    """Costs by day and series. `teams` and `names` are the series, the most expensive first.

    Each of `days` is (day, costs in the order of the series).
    """

    teams: tuple[str, ...]
    names: tuple[str, ...]
    days: tuple[tuple[date, tuple[Decimal, ...]], ...]


def stack(report: Overview, *, usage_only: bool = False) -> Stack:
    """Return the month's days by team; of more than eight teams the smaller ones are one series.

    `usage_only` leaves out purchases, taxes, credits and adjustments.
    """
    largest = [line.team for line in report.teams]
    shown = largest if len(largest) <= _SERIES else largest[: _SERIES - 1]
    names = {line.team: line.name for line in report.teams}
    cells: dict[date, dict[str, list[Decimal]]] = {}
    for point in report.days:
        team = point.team if point.team in shown else OTHER
        cells.setdefault(point.day, {}).setdefault(team, []).append(point.usage if usage_only else point.cost)
    teams = (*shown, *([OTHER] if any(OTHER in day for day in cells.values()) else []))
    days = tuple((day, tuple(total(cells[day].get(team, ())) for team in teams)) for day in sorted(cells))
    return Stack(teams, tuple(names.get(team, "Other teams") for team in teams), days)
