"""The running total of a period beside the previous one's: what its chart draws and its table says."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from attributor.money import from_units, to_units
from attributor.reports.team import TeamReport
from attributor.reports.trend import DayCost


@dataclass(frozen=True)
class RunningDay:
    """The totals up to and with a day of the period, counted from 1; None where a period has no costs that far."""

    number: int
    this_period: Decimal | None
    previous_period: Decimal | None


def running(report: TeamReport) -> tuple[RunningDay, ...]:
    """Return a row for each day of the period that either one has costs on.

    A previous period whose first days are not known has no totals.
    """
    heading = report.heading
    this = _totals(report.days, heading.period.first)
    previous = _totals(report.previous_days, heading.comparison.period.first) if heading.comparison.begins else {}
    return tuple(RunningDay(day, this.get(day), previous.get(day)) for day in sorted({*this, *previous}))


def _totals(days: tuple[DayCost, ...], first: date) -> dict[int, Decimal]:
    units, totals = 0, {}
    for point in days:
        units += to_units(point.cost)
        totals[(point.day - first).days + 1] = from_units(units)
    return totals
