"""The running total of a month beside the previous month's: what its chart draws and its table says."""

from dataclasses import dataclass
from decimal import Decimal

from attributor.money import from_units, to_units
from attributor.reports.team import DayCost, TeamReport


@dataclass(frozen=True)
class RunningDay:
    """The totals up to and with a day of the month, counted from 1; None where a month has no costs that far."""

    number: int
    this_month: Decimal | None
    previous_month: Decimal | None


def running(report: TeamReport) -> tuple[RunningDay, ...]:
    """Return a row for each day of the month that either month has costs on.

    A previous month whose first days are not known has no totals.
    """
    this_month = _totals(report.days)
    previous_month = _totals(report.previous_days) if report.heading.comparison.begins else {}
    days = sorted({*this_month, *previous_month})
    return tuple(RunningDay(day, this_month.get(day), previous_month.get(day)) for day in days)


def _totals(days: tuple[DayCost, ...]) -> dict[int, Decimal]:
    units, totals = 0, {}
    for point in days:
        units += to_units(point.cost)
        totals[point.day.day] = from_units(units)
    return totals
