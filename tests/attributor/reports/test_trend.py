"""Days and weeks of a team: whole weeks from Monday, whatever the period, and which of them are whole."""

from datetime import date, timedelta

import pytest

from attributor.ledger.tables import rollup
from attributor.periods import Month, parse_period
from attributor.reports.trend import trend
from attributor.reports.view import View, frame


@pytest.fixture
def see(engine, now, put_published):
    put_published(date(2026, 7, 1), date(2026, 10, 20))

    def see(period=Month(2026, 10)):  # noqa: B008 - a value that never changes
        with engine.connect() as connection:
            return trend(connection, frame(connection, View(period, now)), rollup.c.team == "search")

    return see


def test_weeks_begin_on_monday_and_reach_twelve_weeks_back(see, put_cost):
    for number in range(112):
        put_cost("1", day=date(2026, 7, 1) + timedelta(days=number))
    weeks = see().weeks
    assert [week.first for week in weeks] == [date(2026, 7, 27) + timedelta(days=7 * n) for n in range(13)]
    assert [(week.cost, week.is_whole) for week in weeks] == [(7, True)] * 12 + [(2, False)]


def test_the_first_week_is_whole_only_from_its_monday_on(see, put_cost):
    for day in range(1, 19):
        put_cost("1", day=date(2026, 10, day))
    assert [(week.first.day, week.cost, week.is_whole) for week in see().weeks] == [
        (28, 4, False),
        (5, 7, True),
        (12, 7, True),
        (19, 0, False),
    ]


def test_a_week_of_two_months_is_told_whole_with_either(see, put_cost):
    for offset in range(7):
        put_cost("1", day=date(2026, 9, 28) + timedelta(days=offset), category="Tax" if offset == 3 else "Usage")
    found = see(Month(2026, 9))
    assert [(week.cost, week.usage, week.is_whole) for week in found.weeks] == [(7, 6, True)]
    assert sum(day.cost for day in found.days) == 3


def test_a_year_has_all_its_weeks(see, put_cost):
    put_cost("1", day=date(2026, 1, 5))
    put_cost("2", day=date(2026, 10, 18))
    weeks = see(parse_period("2026")).weeks
    assert (weeks[0].first, weeks[-1].first) == (date(2026, 1, 5), date(2026, 10, 19))
    assert [week.cost for week in weeks if week.cost] == [1, 2]
