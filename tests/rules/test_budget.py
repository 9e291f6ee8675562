"""Budget states are pure functions of the budget and what was spent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.budget import burn_rate, status
from rules.ruleset import Budget

THOUSAND = Budget(Decimal(1000))


@pytest.mark.parametrize(
    ("spent", "state", "threshold"),
    [
        ("0", "on_track", None),
        ("-50", "on_track", None),
        ("799.999999999999", "on_track", None),
        ("800", "approaching", 80),
        ("999.999999999999", "approaching", 80),
        ("1000", "over", 100),
        ("1199.999999999999", "over", 100),
        ("1200", "hard_limit", 120),
        ("9000", "hard_limit", 120),
    ],
)
def test_the_state_follows_the_thresholds_to_the_last_unit(spent, state, threshold):
    found = status(THOUSAND, Decimal(spent))
    assert (found.state, found.threshold) == (state, threshold)
    assert found.remaining == 1000 - Decimal(spent)


def test_thresholds_are_the_budgets_own():
    budget = Budget(Decimal(100), thresholds=(Decimal(50), Decimal(90)))
    assert [status(budget, Decimal(spent)).state for spent in (49, 50, 90, 500)] == [
        "on_track",
        "approaching",
        "over",
        "over",
    ]


def test_an_emergency_is_its_own_threshold():
    assert not status(THOUSAND, Decimal("1499.99")).emergency
    assert status(THOUSAND, Decimal(1500)).emergency


def test_a_forecast_has_a_state_of_its_own():
    found = status(THOUSAND, Decimal(100), forecast=Decimal(1250))
    assert (found.state, found.forecast_state, found.forecast_used) == ("on_track", "hard_limit", Decimal(125))
    assert status(THOUSAND, Decimal(100)).forecast_state is None


def test_anything_spent_against_no_budget_is_past_every_threshold():
    assert status(Budget(Decimal(0)), Decimal(0)).state == "on_track"
    found = status(Budget(Decimal(0)), Decimal("0.01"))
    assert (found.state, found.used) == ("hard_limit", None)


@given(st.decimals(0, 10**9, places=12), st.decimals(1, 10**9, places=12))
def test_more_spent_never_makes_a_budget_look_better(spent, more):
    order = ["on_track", "approaching", "over", "hard_limit"]
    before, after = status(THOUSAND, spent), status(THOUSAND, spent + more)
    assert order.index(before.state) <= order.index(after.state)
    assert before.used * 10 == spent


def test_the_burn_rate_is_money_a_day():
    assert burn_rate(Decimal(300), Decimal("7.5")) == Decimal(40)
    assert burn_rate(Decimal(10), Decimal(0)) == 0
    assert burn_rate(Decimal(1), Decimal(3)) == Decimal("0.333333333333")
    with pytest.raises(ValueError, match="cannot have elapsed"):
        burn_rate(Decimal(1), Decimal(-1))
