"""Idle GPUs: what is idle, what is not, and what cannot be said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.detect.idle_gpu import GpuHour, GpuRate, IdlePolicy, idle_gpus

NOW = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)
RATES = {"gpu-prod": GpuRate(Decimal("2.50"), "USD")}


def hours(*utilizations, gpu="GPU-1", team="search", pool="gpu-prod", present=1, until=12):
    """One GPU's hours, the last one ending at `until`; None is a missing hour."""
    first = NOW.replace(hour=until, minute=0) - timedelta(hours=len(utilizations))
    return [
        GpuHour(pool, gpu, team, "node-1", first + timedelta(hours=index), Decimal(str(value)), Decimal(str(present)))
        for index, value in enumerate(utilizations)
        if value is not None
    ]


def test_two_idle_hours_fire_with_the_money_they_cost_and_will_cost_a_day():
    (alert,) = idle_gpus(hours(80, 3, 2), RATES, NOW).alerts
    assert alert.key == "idle_gpu:search:gpu-prod"
    assert (alert.amount, alert.currency, alert.facts["per_day"]) == (Decimal("5.00"), "USD", "60")
    assert alert.started_at == NOW.replace(hour=10, minute=0)
    assert "$5.00 so far, $60.00 a day" in alert.summary


@pytest.mark.parametrize("last_hours", [(3, 11), (11, 3), (50, 0), (0, 10)])
def test_one_hour_at_the_limit_or_above_is_not_idle_whatever_the_mean(last_hours):
    findings = idle_gpus(hours(0, 0, *last_hours), RATES, NOW)
    assert (findings.alerts, findings.undecided) == ((), ())


@pytest.mark.parametrize(("present", "fires"), [("0.9", True), ("0.89", False), ("0.5", False)])
def test_nine_tenths_of_the_samples_are_needed(present, fires):
    findings = idle_gpus(hours(0, 0, present=present), RATES, NOW)
    assert bool(findings.alerts) is fires
    assert findings.undecided == (() if fires else ("idle_gpu:search:gpu-prod",))


def test_a_missing_hour_in_the_window_is_undecided_never_firing():
    others = hours(90, 90, 90, gpu="GPU-2")
    findings = idle_gpus([*hours(0, None, 0), *others], RATES, NOW)
    assert findings.alerts == ()
    assert findings.undecided == ("idle_gpu:search:gpu-prod",)


def test_a_gap_ends_the_streak_and_is_not_idle_time():
    (alert,) = idle_gpus(hours(0, 0, 0, None, 0, 0, 0), RATES, NOW).alerts
    assert alert.amount == Decimal("7.50")
    assert alert.started_at == NOW.replace(hour=9, minute=0)


def test_an_hour_with_too_few_samples_ends_the_streak_as_well():
    history = hours(0, 0, 0, 0)
    history[1] = replace(history[1], samples_present=Decimal("0.4"))
    (alert,) = idle_gpus(history, RATES, NOW).alerts
    assert alert.amount == Decimal("5.00")


def test_the_hour_that_still_runs_is_not_looked_at():
    (alert,) = idle_gpus(hours(0, 0, 95, until=13), RATES, NOW).alerts
    assert alert.amount == Decimal("5.00")


def test_an_exporter_that_stopped_an_hour_ago_is_judged_by_what_is_known():
    assert len(idle_gpus(hours(0, 0, until=11), RATES, NOW).alerts) == 1


def test_a_pool_that_was_last_heard_of_days_ago_is_undecided():
    findings = idle_gpus(hours(0, 0), RATES, NOW + timedelta(days=3))
    assert (findings.alerts, findings.undecided) == ((), ("idle_gpu:search:gpu-prod",))


def test_with_no_hours_at_all_nothing_is_decided():
    findings = idle_gpus([], RATES, NOW)
    assert (findings.alerts, findings.undecided) == ((), ("idle_gpu",))


def test_gpus_of_a_team_and_pool_are_one_alert_the_worst_first():
    found = [*hours(0, 0, gpu="GPU-1"), *hours(0, 0, 0, 0, gpu="GPU-2"), *hours(0, 0, team="ads", gpu="GPU-3")]
    ads, search = idle_gpus(found, RATES, NOW).alerts
    assert (ads.team, search.team) == ("ads", "search")
    assert [each.label for each in search.contributors] == ["GPU-2 on node-1", "GPU-1 on node-1"]
    assert [each.amount for each in search.contributors] == [Decimal("10.00"), Decimal("5.00")]
    assert search.amount == sum(each.amount for each in search.contributors)


def test_a_gpu_that_changed_hands_is_idle_for_its_holder_since_then_only():
    found = [*hours(0, 0, 0, team="ads", until=10), *hours(0, 0, team="search")]
    (alert,) = idle_gpus(found, RATES, NOW).alerts
    assert (alert.team, alert.amount) == ("search", Decimal("5.00"))


def test_a_gpu_that_is_gone_while_its_pool_reports_on_is_not_idle():
    findings = idle_gpus([*hours(0, 0, 0, until=9), *hours(90, 90, gpu="GPU-2")], RATES, NOW)
    assert (findings.alerts, findings.undecided) == ((), ())


def test_a_gpu_that_two_pods_of_a_team_share_counts_once_and_is_as_busy_as_the_busier():
    (alert,) = idle_gpus([*hours(0, 0), *hours(4, 4)], RATES, NOW).alerts
    assert (alert.amount, len(alert.contributors)) == (Decimal("5.00"), 1)
    assert idle_gpus([*hours(0, 0), *hours(4, 60)], RATES, NOW).alerts == ()
    assert idle_gpus([*hours(0, None), *hours(0, None)], RATES, NOW).alerts == ()


def test_without_a_price_the_alert_fires_and_says_that_the_amount_is_unknown():
    (alert,) = idle_gpus(hours(0, 0), {}, NOW).alerts
    assert (alert.amount, alert.severity) == (None, "warning")
    assert "no price per GPU hour is configured" in alert.summary


@pytest.mark.parametrize(("rate", "severity"), [("0.10", "info"), ("2.50", "warning"), ("30", "critical")])
def test_severity_follows_the_money(rate, severity):
    (alert,) = idle_gpus(hours(0, 0), {"gpu-prod": GpuRate(Decimal(rate), "USD")}, NOW).alerts
    assert alert.severity == severity


def test_window_and_limit_are_policy():
    policy = IdlePolicy(below=Decimal(40), window=timedelta(hours=3))
    assert len(idle_gpus(hours(39, 30, 20), RATES, NOW, policy).alerts) == 1
    assert idle_gpus(hours(39, 30), RATES, NOW, policy).undecided == ("idle_gpu:search:gpu-prod",)
