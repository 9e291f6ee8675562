"""What is found by the hour and by the day on one series: one alert, with both reasons."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from alerts.alert import Alert, Findings
from alerts.detect.presenting import marked_days
from alerts.told import rank_of


def with_hours(by_day: Findings, by_hour: Iterable[Alert]) -> Findings:
    """Return the findings by the day with those by the hour: joined where both tell of a series on the same day.

    A day that the hours of the night before belong to is the same, too. What is joined keeps the day's key, and is as
    bad as the worse of the two.
    """
    alerts = list(by_day.alerts)
    for found in by_hour:
        place = next((place for place, alert in enumerate(alerts) if _are_one(alert, found)), None)
        if place is None:
            alerts.append(found)
        else:
            alerts[place] = _joined(alerts[place], found)
    return replace(by_day, alerts=tuple(alerts))


def _are_one(by_day: Alert, by_hour: Alert) -> bool:
    of_series = by_hour.team, by_hour.facts["service"], by_hour.currency
    if (by_day.team, by_day.facts.get("service"), by_day.currency) != of_series:
        return False
    days = marked_days(by_hour)
    near = {day - timedelta(days=1) for day in days} | days
    return by_day.key == by_hour.key or not near.isdisjoint(marked_days(by_day))


def _joined(by_day: Alert, by_hour: Alert) -> Alert:
    worse = max(by_day, by_hour, key=rank_of)
    said = {name: by_hour.facts[name] for name in ("hours", "by the hour")}
    return replace(
        by_day,
        severity=worse.severity,
        summary=f"{by_day.summary} {by_hour.facts['by the hour']}",
        facts={**by_day.facts, **said},
        level=worse.level,
    )
