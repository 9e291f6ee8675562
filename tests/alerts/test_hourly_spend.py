"""Spend by the hour: what recurs every week, and what a first week can tell."""

from datetime import UTC, datetime

import numpy as np

from alerts.detect.hourly import HOURS_REMEMBERED, Hours, anomalous_hours

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
