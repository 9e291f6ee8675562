"""The month-end forecast."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from alerts.detect.forecast import month_end

FIRST = date(2026, 1, 1)


def history(count, cost=lambda _day, _index: 100.0, incomplete=0):
    days = [FIRST + timedelta(days=index) for index in range(count)]
    return [(day, Decimal(str(cost(day, index))), index < count - incomplete) for index, day in enumerate(days)]


def weekly(day, _index):
    return 10.0 if day.weekday() >= 5 else 100.0


def forecast_at(today, cost=lambda _day, _index: 100.0, incomplete=0):
    return month_end(history((today - FIRST).days + 1, cost, incomplete), today)


def test_a_flat_month_is_forecast_exactly():
    found = forecast_at(date(2026, 6, 10))
    assert (found.amount, found.low, found.high, found.method) == (
        Decimal("3000.00"),
        Decimal("3000.00"),
        Decimal("3000.00"),
        "habits",
    )


def test_weekdays_count():
    truth = sum(weekly(date(2026, 6, 1) + timedelta(days=index), 0) for index in range(30))
    found = forecast_at(date(2026, 6, 10), weekly)
    assert float(found.amount) == pytest.approx(truth, rel=0.03)


def test_what_rests_on_weekends_is_expected_to_rest_at_the_turn_of_the_year():
    working = sum(weekly(date(2026, 12, 1) + timedelta(days=index), 0) for index in range(23))
    found = forecast_at(date(2026, 12, 20), weekly)
    assert float(found.amount) == pytest.approx(working + 8 * 10, rel=0.03)


def test_what_does_not_rest_on_weekends_is_not_expected_to_rest_at_the_turn_of_the_year():
    assert forecast_at(date(2026, 12, 20)).amount == Decimal("3100.00")


def test_a_rest_at_the_turn_of_the_year_is_not_taken_for_a_lower_level():
    def cost(day, index):
        return 10.0 if day <= date(2027, 1, 1) and day >= date(2026, 12, 24) else weekly(day, index)

    truth = sum(cost(date(2027, 1, 1) + timedelta(days=index), 0) for index in range(31))
    assert float(forecast_at(date(2027, 1, 3), cost).amount) == pytest.approx(truth, rel=0.03)


def test_what_shifted_last_week_is_expected_to_stay_there():
    found = forecast_at(date(2026, 6, 30), lambda day, _index: 100.0 if day < date(2026, 6, 9) else 300.0)
    july = month_end(history(190, lambda day, _index: 100.0 if day < date(2026, 6, 9) else 300.0), date(2026, 7, 5))
    assert found.amount == Decimal("7400.00")
    assert 0.85 * 9300 < float(july.amount) < 1.05 * 9300


def test_an_incomplete_day_is_scaled_by_what_has_usually_arrived():
    def partial(day, _index):
        return {date(2026, 6, 10): 150.0, date(2026, 6, 9): 95.0}.get(day, 100.0)

    known = history((date(2026, 6, 10) - FIRST).days + 1, partial, incomplete=2)
    assert month_end(known, date(2026, 6, 10), arrived=(0.5, 0.95)).amount == Decimal("3200.00")


def test_of_a_day_that_comes_in_small_parts_the_part_says_nothing():
    def partial(day, _index):
        return 30.0 if day == date(2026, 6, 10) else 100.0

    known = history((date(2026, 6, 10) - FIRST).days + 1, partial, incomplete=1)
    assert month_end(known, date(2026, 6, 10), arrived=(0.1,)).amount == Decimal("3000.00")


def test_low_incomplete_days_are_lower_bounds_only():
    def partial(day, _index):
        return 20.0 if day == date(2026, 6, 10) else 100.0

    assert forecast_at(date(2026, 6, 10), partial, incomplete=1).amount == Decimal("3000.00")


def test_an_incomplete_day_above_its_forecast_counts_in_full():
    def partial(day, _index):
        return 900.0 if day == date(2026, 6, 10) else 100.0

    assert forecast_at(date(2026, 6, 10), partial, incomplete=1).amount == Decimal("3800.00")


def test_growth_is_followed_but_damped():
    found = forecast_at(date(2026, 6, 10), lambda _day, index: 100 * 1.005**index)
    begin = (date(2026, 6, 1) - FIRST).days
    truth = sum(100 * 1.005**index for index in range(begin, begin + 30))
    flat = 30 * 100 * 1.005 ** (begin + 9)
    assert 0.95 * flat < float(found.amount) < truth


def test_with_little_history_it_says_so_and_the_interval_is_wide():
    found = month_end(history(10), date(2026, 1, 10))
    assert (found.amount, found.method) == (Decimal("3100.00"), "too little history")
    assert found.low < found.amount < found.high


def test_the_interval_never_falls_below_what_is_spent():
    noise = np.random.default_rng(3).lognormal(0, 1, 200)
    found = forecast_at(date(2026, 6, 27), lambda _day, index: 100 * noise[index])
    spent = sum(
        100 * noise[index] for index in range((date(2026, 6, 1) - FIRST).days, (date(2026, 6, 27) - FIRST).days + 1)
    )
    assert float(found.low) >= min(spent, float(found.amount)) - 0.01


def test_a_gap_in_the_month_counts_as_a_usual_day_not_as_zero():
    known = [each for each in history(160) if each[0] not in {date(2026, 6, 2), date(2026, 6, 3)}]
    assert month_end(known, known[-1][0]).amount == Decimal("3000.00")


def test_a_partial_newest_day_does_not_lower_a_short_history():
    known = [*history(9), (date(2026, 1, 10), Decimal(1), False)]
    assert month_end(known, date(2026, 1, 10)).amount == Decimal("3100.00")


def test_nothing_known_gives_no_forecast():
    assert month_end([], date(2026, 1, 10)) is None
    assert month_end([(date(2026, 2, 1), Decimal(1), True)], date(2026, 1, 10)) is None


def test_a_history_that_ended_before_the_month_still_forecasts_it():
    found = month_end(history(120), date(2026, 5, 5))
    assert found.amount == Decimal("3100.00")


@pytest.mark.parametrize("today", [date(2026, 2, 28), date(2026, 12, 31), date(2028, 2, 29)])
def test_on_the_last_day_the_month_is_what_was_spent(today):
    found = forecast_at(today)
    assert found.amount == Decimal(100 * today.day)
    assert found.low == found.high == found.amount


def test_credits_and_zeros_are_no_trouble():
    assert forecast_at(date(2026, 6, 10), lambda _day, _index: 0.0).amount == 0
    assert forecast_at(date(2026, 6, 10), lambda _day, _index: -5.0).amount == Decimal("-150.00")
