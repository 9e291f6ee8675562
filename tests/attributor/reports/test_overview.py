"""The overview compares like with like, counts what is idle and estimated, and never adds currencies up."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from attributor.periods import Month
from attributor.reports.document import document
from attributor.reports.overview import overview
from attributor.reports.view import View
from rules.ruleset import Budget, Team

OCTOBER = Month(2026, 10)
TEAMS = {
    "search": Team("search", "Search", budget=Budget(Decimal(100))),
    "ads": Team("ads", budget=Budget(Decimal(10))),
}


@pytest.fixture
def see(engine, now):
    def see(month: Month = OCTOBER, **view):
        return overview(engine, TEAMS, View(month, now, **view))

    return see


def test_an_open_month_is_compared_by_the_days_that_its_source_has_told_of(see, put_cost, put_published):
    put_published(date(2026, 9, 1), date(2026, 10, 11))
    put_cost("10", day=date(2026, 10, 10))
    put_cost("7", day=date(2026, 9, 10))
    put_cost("1000", day=date(2026, 9, 11))
    found = see()
    assert (found.total, found.previous, found.change) == (10, 7, 3)
    assert found.heading.through == date(2026, 10, 10)
    assert found.heading.whole_until == date(2026, 10, 11)


def test_today_is_never_compared_because_it_is_not_over(see, put_cost, put_published):
    put_published(date(2026, 10, 1), date(2026, 10, 21))
    put_cost("5", day=date(2026, 10, 20))
    put_cost("100", day=date(2026, 9, 20))
    found = see()
    assert (found.total, found.previous, found.change) == (5, 0, 0)


def test_each_source_is_compared_by_its_own_days(see, put_cost, put_published):
    put_published(date(2026, 10, 1), date(2026, 10, 16), "slow")
    put_published(date(2026, 10, 1), date(2026, 10, 20), "quick")
    for source in ("slow", "quick"):
        put_cost("1", source=source, day=date(2026, 9, 17))
    found = see()
    assert found.previous == 1
    assert found.heading.whole_until == date(2026, 10, 16)


def test_a_closed_month_is_compared_as_a_whole(see, put_cost):
    put_cost("10", day=date(2026, 8, 31))
    put_cost("4", day=date(2026, 9, 1))
    found = see(Month(2026, 9))
    assert (found.total, found.previous, found.change) == (4, 10, -6)
    assert found.forecast is None
    assert not found.heading.is_open


def test_a_day_of_a_long_month_has_no_counterpart_in_a_short_one(engine, put_cost, put_published):
    put_published(date(2026, 3, 1), date(2026, 3, 31))
    put_cost("1", day=date(2026, 2, 28))
    put_cost("100", day=date(2026, 3, 1), billing_month="2026-03")
    found = overview(engine, {}, View(Month(2026, 3), datetime(2026, 3, 31, 12, tzinfo=UTC)))
    assert (found.previous, found.change) == (1, 99)


def test_idle_and_estimated_money_is_told_apart(see, put_cost):
    put_cost("1", team="idle", idle_cause="unallocated")
    put_cost("2", team="search", idle_cause="held")
    put_cost("4", team="search", basis="estimated")
    found = see()
    assert (found.total, found.idle, found.estimated) == (7, 3, 4)


def test_the_share_without_an_owner_is_of_the_total(see, put_cost):
    put_cost("1", team="unattributed")
    put_cost("2")
    assert see().unattributed_share == Decimal("0.3333")


def test_budgets_are_of_effective_cost_whatever_basis_is_shown(see, put_cost):
    put_cost("9", team="ads", list="900")
    line = see(basis="list").budgets[0]
    assert (line.team, line.spent, line.used, line.state) == ("ads", 9, Decimal("0.9"), "approaching")


def test_the_currency_with_the_most_cost_is_shown_and_the_others_are_named(see, put_cost):
    put_cost("1", currency="USD")
    put_cost("2", currency="EUR")
    found = see()
    assert (found.heading.currency, found.total, found.heading.other_currencies) == ("EUR", 2, ("USD",))
    assert see(currency="USD").total == 1


def test_the_document_carries_amounts_as_strings(see, put_cost):
    put_cost("0.000000000001")
    found = document(see())
    assert found["total"] == found["teams"][0]["cost"] == "0.000000000001"
    assert found["heading"]["month"] == "2026-10"
    assert found["days"] == [{"day": "2026-10-05", "team": "search", "cost": "0.000000000001"}]


def test_a_float_cannot_get_into_a_document():
    with pytest.raises(TypeError, match="float"):
        document((1.5,))


def test_an_empty_ledger_is_an_overview_of_nothing(see):
    found = see()
    assert (found.total, found.teams, found.heading.through) == (0, (), None)
    assert found.unattributed_share is None
