"""Spend anomalies: what fires, what does not, and what an alert says."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.alert import Contributor
from alerts.detect.spend import spend_anomalies
from alerts.detect.spend_series import SpendDay, SpendSeries

FIRST = date(2026, 8, 3)
SINCE = date(2026, 1, 1)


def week(index):
    """A service that costs 100 on weekdays and 40 on weekends, with a little noise that repeats every 11 days."""
    return (40 if (FIRST + timedelta(days=index)).weekday() >= 5 else 100) * (
        1 + 0.04 * math.sin(index * 2 * math.pi / 11)
    )


def series(values, *, incomplete=0, service="EC2", since=SINCE, **changes):
    days = tuple(
        SpendDay(FIRST + timedelta(days=index), Decimal(f"{value:.6f}"), index < len(values) - incomplete)
        for index, value in enumerate(values)
        if value is not None
    )
    return SpendSeries("search", service, "USD", since, days, **changes)


def fires(values, *, standing=(), **options):
    made = series(values, **options)
    now = datetime.combine(made.days[-1].day, datetime.max.time(), UTC)
    return spend_anomalies([made], now, standing=standing).alerts


def calm(count):
    return [week(index) for index in range(count)]


@pytest.mark.parametrize("count", [1, 5, 12, 30, 90, 200])
def test_a_calm_series_never_fires(count):
    assert fires(calm(count), since=FIRST) == ()


def test_a_spike_fires_on_its_day_with_baseline_band_and_excess():
    (alert,) = fires([*calm(80), 420.0])
    spike = FIRST + timedelta(days=80)
    assert alert.key == f"spend:search:EC2:{spike}"
    assert (alert.facts["rule"], alert.amount) == ("spike", Decimal("420.00"))
    assert Decimal(90) < Decimal(alert.facts["expected"]) < Decimal(115)
    assert alert.threshold is not None
    assert Decimal(alert.facts["expected"]) < alert.threshold < alert.amount
    assert Decimal(alert.facts["excess"]) == alert.amount - Decimal(alert.facts["expected"])
    assert [point.label for point in alert.chart if point.marked] == [str(spike)]


def test_a_spike_resolves_seven_days_after_it():
    assert len(fires([*calm(80), 420.0, *[week(81 + index) for index in range(7)]])) == 1
    assert fires([*calm(80), 420.0, *[week(81 + index) for index in range(8)]]) == ()


def test_a_level_shift_keeps_its_key_from_its_first_day_and_becomes_usual():
    keys = []
    for length in range(1, 45):
        shifted = [1.35 * week(80 + index) for index in range(length)]
        standing = keys[-1] if keys else ()
        keys.append(tuple(alert.key for alert in fires([*calm(80), *shifted], standing=standing)))
    told = {key for each in keys for key in each}
    assert len(told) == 1
    assert keys[9] != ()
    assert keys[-1] == ()


def test_a_second_spike_two_weeks_later_has_a_key_of_its_own():
    (first,) = fires([*calm(80), 420.0])
    (second,) = fires([*calm(80), 420.0, *[week(81 + index) for index in range(13)], 420.0], standing=[first.key])
    assert second.key == f"spend:search:EC2:{FIRST + timedelta(days=94)}"


def test_keys_of_other_series_are_not_taken_for_ones_own():
    standing = ["spend:search:EC2:other:2026-10-20", "spend:search:EC22:2026-10-20"]
    (alert,) = fires([*calm(80), 420.0], standing=standing)
    assert alert.key == f"spend:search:EC2:{FIRST + timedelta(days=80)}"


def test_little_money_a_day_counts_where_the_episode_costs_enough():
    values = [value / 5 for value in calm(80)]
    assert fires([*values, 45.0]) == ()
    assert len(fires([*values, 45.0, 44.0, 43.0])) == 1


def test_a_run_besides_the_rhythm_of_a_job_fires():
    runs = [float(80 + index % 7) if index % 5 == 0 else 0.0 for index in range(103)]
    assert fires(runs) == ()
    (alert,) = fires([*runs, 90.0])
    assert alert.facts["rule"] == "spike"


def test_the_first_of_a_month_is_not_judged_before_another_one_was_seen():
    began = (date(2026, 9, 1) - FIRST).days
    assert fires([*calm(began), 420.0]) == ()
    assert len(fires([*calm(began - 1), 420.0])) == 1


def test_weekends_that_no_longer_rest_fire():
    values = calm(82)
    assert len(fires([*values, *[100.0] * 7])) == 1


def test_a_slow_leak_fires():
    leak = [week(100 + index) * 1.02**index for index in range(30)]
    assert any(fires([*calm(100), *leak[:length]]) for length in range(10, 31))


def test_steady_growth_does_not_fire():
    assert fires([week(index) * 1.004**index for index in range(200)]) == ()


def test_drops_are_no_alarm():
    assert fires([*calm(80), 0.0, 0.0, *[0.3 * week(82 + index) for index in range(20)]]) == ()


def test_coming_back_from_a_holiday_is_no_alarm():
    holiday = [30.0] * 8
    assert fires([*calm(80), *holiday, *[week(88 + index) for index in range(3)]]) == ()


def test_a_fee_on_the_first_of_each_month_is_remembered():
    values = [week(index) + (300 if (FIRST + timedelta(days=index)).day == 1 else 0) for index in range(91)]
    assert (FIRST + timedelta(days=90)).day == 1
    assert fires(values) == ()


def test_a_batch_on_the_last_day_of_each_month_is_remembered():
    last = [(FIRST + timedelta(days=index + 1)).day == 1 for index in range(90)]
    assert last[-1]
    assert fires([week(index) + 300 * last[index] for index in range(90)]) == ()


def test_a_job_every_twelve_days_is_remembered():
    assert fires([week(index) + (250 if index % 12 == 0 else 0) for index in range(109)]) == ()


def test_an_incomplete_day_above_its_band_is_proof():
    (alert,) = fires([*calm(80), 420.0], incomplete=1)
    assert alert.facts["rule"] == "spike"


def test_low_incomplete_days_prove_nothing_and_do_not_move_the_baseline():
    assert fires([*calm(80), 30.0, 5.0], incomplete=2) == ()
    (alert,) = fires([*calm(80), 60.0, 420.0], incomplete=2)
    assert Decimal(90) < Decimal(alert.facts["expected"]) < Decimal(115)


def test_small_money_does_not_fire():
    assert fires([value / 100 for value in [*calm(80), 420.0]]) == ()


def test_a_small_excess_does_not_fire_where_its_team_spends_much():
    small, large = series([*calm(80), 250.0]), series([50_000.0] * 81, service="Bedrock")
    now = datetime(2026, 10, 23, tzinfo=UTC)
    assert len(spend_anomalies([small], now).alerts) == 1
    assert spend_anomalies([small, large], now).alerts == ()


def test_a_new_service_of_a_source_that_was_connected_long_ago_fires():
    (alert,) = fires([60.0, 65.0])
    assert (alert.key, alert.facts["rule"], alert.title) == (
        f"spend:search:EC2:{FIRST}",
        "new service",
        "New service: EC2",
    )


def test_a_service_that_began_with_zeros_is_new_on_its_first_costly_day():
    (alert,) = fires([0.0] * 20 + [60.0], since=None)
    assert alert.key == f"spend:search:EC2:{FIRST + timedelta(days=20)}"


@pytest.mark.parametrize(("since", "cost"), [(FIRST, 60.0), (FIRST - timedelta(days=6), 60.0), (SINCE, 12.0)])
def test_a_new_source_or_a_cheap_new_service_does_not_fire(since, cost):
    assert fires([cost, cost], since=since) == ()


def test_a_job_that_rests_most_days_is_judged_by_its_runs():
    runs = [float(80 + index % 7) if index % 5 == 0 else 0.0 for index in range(100)]
    assert fires(runs) == ()
    assert len(fires([*runs, 900.0])) == 1


def test_unknown_days_are_not_zero():
    values = calm(90)
    for index in (50, 51, 60, 88):
        values[index] = None
    assert fires(values) == ()
    assert len(fires([*values, 420.0])) == 1


def test_a_credit_is_no_alarm_and_does_not_hide_the_next_spike():
    assert fires([*calm(80), -500.0]) == ()
    assert len(fires([*calm(80), -500.0, 420.0])) == 1


def test_the_drivers_of_the_last_anomalous_day_are_the_contributors():
    spike = FIRST + timedelta(days=80)
    drivers = {spike: (Contributor("gpt-4o", Decimal(300)),), spike - timedelta(days=1): (Contributor("old", None),)}
    (alert,) = fires([*calm(80), 420.0], drivers=drivers)
    assert alert.contributors == drivers[spike]


@pytest.mark.parametrize(("peak", "severity"), [(160.0, "info"), (420.0, "warning"), (4200.0, "critical")])
def test_severity_follows_the_excess(peak, severity):
    assert [alert.severity for alert in fires([*calm(80), peak])] == [severity]


def test_a_much_larger_day_of_the_same_episode_has_a_higher_level():
    (first,) = fires([*calm(80), 420.0])
    (second,) = fires([*calm(80), 420.0, 5000.0])
    assert first.key == second.key
    assert second.level > first.level


def test_days_after_now_are_not_looked_at():
    made = series([*calm(80), 420.0])
    assert spend_anomalies([made], datetime(2026, 10, 21, 23, tzinfo=UTC)).alerts == ()
    assert len(spend_anomalies([made], datetime(2026, 10, 22, tzinfo=UTC)).alerts) == 1


def test_a_series_without_days_is_undecided():
    findings = spend_anomalies([replace(series([1.0]), days=())], datetime(2026, 10, 22, tzinfo=UTC))
    assert findings.undecided == ("spend:search:EC2",)


def test_amounts_in_alerts_are_exact_to_the_cent():
    values = [*calm(80), 0.0]
    made = series(values)
    exact = SpendDay(made.days[-1].day, Decimal("90071992547409.91"))
    made = replace(made, days=(*made.days[:-1], exact))
    (alert,) = spend_anomalies([made], datetime(2026, 10, 22, tzinfo=UTC)).alerts
    assert alert.amount == Decimal("90071992547409.91")
