"""What drives the excess of findings about spend: looked for when a finding is new or grew, and remembered then."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Engine, select

from alerts.alert import Alert, Findings
from alerts.detect.drivers import CostPart, drivers_of
from alerts.detect.drivers_told import with_drivers, with_drivers_of
from alerts.detect.presenting import DAY_LABEL, day_of
from attributor.ledger.alert_json import alert_from_json
from attributor.ledger.tables import alerts
from attributor.money import total
from attributor.periods import days_between
from attributor.watching.driving.asked import Asked, PartCost
from attributor.watching.driving.parts import DIMENSIONS, part_costs
from attributor.watching.hourly import Read
from rules.ruleset import RuleSet

_MOST = 100
"""So many findings, those of the greatest excess, are looked into in one pass; the others in the next."""
_LOOK_BACK = timedelta(days=28)
_SAME_WEEKDAYS, _FEW, _ANY_DAYS = 8, 3, 7
_A_WEEK = timedelta(days=7)


def with_their_drivers(engine: Engine, read: Read, ruleset: RuleSet, found: Findings) -> Findings:
    """Return the findings with what drives the excess of each: those that tell an excess, and mark its days or hours.

    The excess of hours is looked for in their whole UTC days, whose other hours are as usual.
    """
    asked = {alert.key: question for alert in found.alerts if (question := _asked(alert)) is not None}
    if not asked:
        return found
    earlier = _earlier(engine, asked)
    known = {
        alert.key: with_drivers_of(alert, earlier[alert.key])
        for alert in found.alerts
        if alert.key in earlier and _is_as_it_was(alert, earlier[alert.key])
    }
    new = sorted(
        (alert for alert in found.alerts if alert.key in asked and alert.key not in known),
        key=lambda alert: (-Decimal(alert.facts["excess"]), alert.key),
    )[:_MOST]
    if new:
        parts = part_costs(engine, read, ruleset, [asked[alert.key] for alert in new])
        known |= {alert.key: _driven(alert, of) for alert, of in zip(new, parts, strict=True)}
    return replace(found, alerts=tuple(known.get(alert.key, alert) for alert in found.alerts))


def _asked(alert: Alert) -> Asked | None:
    """Return of what an alert tells an excess: the UTC days of the days or hours that its chart marks; else None."""
    if "excess" not in alert.facts or "service" not in alert.facts:
        return None
    days = tuple(dict.fromkeys(day_of(point.label) for point in alert.chart if point.marked))
    if not days:
        return None
    by_day = [
        day_of(point.label) for point in alert.chart if len(point.label) == DAY_LABEL and day_of(point.label) < days[0]
    ]
    before = _compared(days, by_day) if by_day else tuple(days_between(days[0] - _A_WEEK, days[0]))
    return Asked(alert.team, alert.facts["service"], alert.currency, days, before)


def _compared(days: Sequence[date], before: Sequence[date]) -> tuple[date, ...]:
    """Return the days to compare with: the same weekdays of the four weeks before, else the week before."""
    recent = [day for day in before if day >= days[0] - _LOOK_BACK]
    weekdays = {day.weekday() for day in days}
    same = [day for day in recent if day.weekday() in weekdays][-_SAME_WEEKDAYS:]
    return tuple(same if len(same) >= _FEW else recent[-_ANY_DAYS:])


def _earlier(engine: Engine, keys: Collection[str]) -> Mapping[str, Alert]:
    query = select(alerts.c.key, alerts.c.body).where(alerts.c.key.in_(list(keys)))
    with engine.connect() as connection:
        return {row.key: alert_from_json(row.body) for row in connection.execute(query)}


def _is_as_it_was(alert: Alert, earlier: Alert) -> bool:
    """Say whether the days above usual are those of before, at the same cost and excess."""
    same_days = [point for point in alert.chart if point.marked] == [point for point in earlier.chart if point.marked]
    return "drivers" in earlier.facts and same_days and alert.facts["excess"] == earlier.facts.get("excess")


def _driven(alert: Alert, parts: Sequence[PartCost]) -> Alert:
    """Return the alert with its drivers: what is usual in all is each part's by its share of the days before."""
    expected = Fraction(total(part.cost for part in parts)) - Fraction(alert.facts["excess"])
    if expected < 0:
        return alert  # the newest hours are not published yet
    before = Fraction(total(part.before for part in parts))
    ratio = expected / before if before > 0 else Fraction(0)
    compared = [CostPart(part.values, Fraction(part.cost), ratio * Fraction(part.before)) for part in parts]
    if before <= 0 and expected:
        compared.append(CostPart({}, Fraction(0), expected))
    told_apart = [name for name in DIMENSIONS if name != "service" or not alert.facts["service"]]
    found = drivers_of(compared, told_apart)
    return alert if found is None else with_drivers(alert, found)
