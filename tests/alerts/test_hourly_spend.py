"""Spend by the hour: what recurs every week, what a first week can tell, and what is one alert with its day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from alerts.alert import ChartPoint, Findings
from alerts.detect.hourly import HOURS_REMEMBERED, Hours, anomalous_hours
from alerts.detect.hourly_spend import HourlySeries, hourly_anomalies
from alerts.detect.hours_and_days import with_hours
from alerts.detect.spend_series import SpendPolicy

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 24


def hours(busy_days=(), size=HOURS_REMEMBERED):
    """Two weeks that cost about 10 an hour, and 40 on the busy days, counted from the first."""
    amounts = 10 * np.exp(np.random.default_rng(5).normal(0, 0.05, size))
    for day in busy_days:
        amounts[day * DAY : (day + 1) * DAY] *= 4
    return Hours(FIRST, amounts, size)


def first_days(size, growth):
    """A series that begins on a Saturday and costs so much more from Monday on."""
    found = hours(size=size)
    found.amounts[2 * DAY :] *= growth
    return Hours(datetime(2026, 2, 28, tzinfo=UTC), found.amounts, size)


def told(found):
    return {each.day // DAY for each in anomalous_hours(found, 5.0)}


def test_a_day_that_is_busy_for_the_first_time_is_told():
    assert told(hours([13])) == {13}


def test_a_day_that_is_busy_every_week_is_not_told_in_any_of_its_hours():
    assert told(hours([6, 13])) == set()


def test_another_weekday_that_was_busy_does_not_excuse_it():
    assert told(hours([4, 13])) == {13}


def test_the_first_workdays_after_a_first_weekend_are_no_shift():
    assert told(first_days(60, 1.6)) == set()


def test_the_first_week_tells_of_spikes():
    busy = first_days(3 * DAY, 1.0)
    busy.amounts[-3] *= 8
    assert told(busy) == {2}


def series(extra, size=HOURS_REMEMBERED, settled=None):
    """Two weeks of about 10 an hour, and so much more in the given hours, counted back from the newest, which is 1."""
    costs = [Decimal(f"{amount:.6f}") for amount in hours(size=size).amounts]
    for back, amount in extra.items():
        costs[-back] += amount
    return HourlySeries("search", "Bedrock", "USD", FIRST, tuple(costs), size if settled is None else settled)


def alerts_of(found, spent=240.0, standing=()):
    return hourly_anomalies([found], {("search", "USD"): spent}, SpendPolicy(), standing)


LAST = FIRST + timedelta(hours=HOURS_REMEMBERED - 1)
"""The newest hour: 23:00 on 15 March."""


def test_a_spike_says_its_hours_its_excess_and_what_is_usual():
    [alert] = alerts_of(series({3: 30, 2: 31, 1: 32}))
    assert alert.key == "spend:search:Bedrock:2026-03-15"
    assert alert.started_at == LAST - timedelta(hours=2)
    assert alert.facts["hours"] == "3"
    assert Decimal(92) < Decimal(alert.facts["excess"]) < Decimal(94)
    assert alert.summary.startswith("Bedrock cost $4")
    assert "in the hour from 2026-03-15 23:00 UTC; usual is $" in alert.summary
    assert alert.summary.endswith("above usual in 3 hours since 2026-03-15 21:00 UTC.")
    day = sum(series({3: 30, 2: 31, 1: 32}).costs[-24:])
    assert alert.amount == day.quantize(Decimal("0.01")), "what the day has cost so far"
    assert alert.threshold < alert.amount
    assert [point.label[-6:] for point in alert.chart if point.marked] == ["21:00Z", "22:00Z", "23:00Z"]


def test_hours_worth_less_than_the_gate_of_the_team_are_not_told():
    assert alerts_of(series({1: 30}), spent=1000.0)
    assert not alerts_of(series({1: 30}), spent=2000.0), "2 % of what the team spends in a day is more"


def test_a_quiet_hour_that_may_grow_says_nothing_and_a_dear_one_is_proof():
    assert alerts_of(series({1: 40}, settled=HOURS_REMEMBERED - 1))
    resting = series({4: 40, 3: -9, 2: -9, 1: -9}, settled=HOURS_REMEMBERED - 3)
    assert alerts_of(resting)[0].facts["hours"] == "1"


def test_an_episode_is_told_until_its_day_is_judged():
    assert alerts_of(series({36: 60}))
    assert not alerts_of(series({38: 60}))


def test_two_spikes_of_one_day_are_one_alert():
    [alert] = alerts_of(series({20: 40, 2: 40}))
    assert alert.facts["hours"] == "2"
    assert alert.facts["rule"] == "spike"


def test_what_goes_on_after_midnight_keeps_its_key():
    night = series(dict.fromkeys(range(1, 6), 40))
    night = replace(night, first=FIRST + timedelta(hours=2))
    assert [alert.key for alert in alerts_of(night)] == ["spend:search:Bedrock:2026-03-15"]
    later = replace(series(dict.fromkeys(range(1, 3), 40)), first=FIRST + timedelta(hours=2))
    standing = ["spend:search:Bedrock:2026-03-15"]
    assert [alert.key for alert in alerts_of(later)] == ["spend:search:Bedrock:2026-03-16"]
    assert [alert.key for alert in alerts_of(later, standing=standing)] == standing


def by_day(alert, day: date):
    chart = (ChartPoint(f"{day - timedelta(days=1)}", Decimal(240)), ChartPoint(f"{day}", Decimal(340), marked=True))
    key = f"spend:search:Bedrock:{day}"
    return alert(key, chart=chart, currency="USD", facts={"service": "Bedrock", "excess": "100"}, severity="info")


def test_the_hours_of_a_day_that_is_told_are_a_reason_of_that_alert(alert):
    found = alerts_of(series({3: 400, 2: 400, 1: 400}))
    [joined] = with_hours(Findings("spend_anomaly", (by_day(alert, LAST.date()),)), found).alerts
    assert joined.key == "spend:search:Bedrock:2026-03-15"
    assert joined.summary.endswith(found[0].facts["by the hour"])
    assert joined.facts["excess"] == "100"
    assert joined.severity == "critical", "the worse of the two"


def test_hours_of_another_day_or_series_are_an_alert_of_their_own(alert):
    found = alerts_of(series({1: 40}))
    for other in (
        by_day(alert, LAST.date() - timedelta(days=3)),
        replace(by_day(alert, LAST.date()), key="x", team="ads"),
        replace(by_day(alert, LAST.date()), key="x", currency="EUR"),
    ):
        assert with_hours(Findings("spend_anomaly", (other,)), found).alerts == (other, *found)
