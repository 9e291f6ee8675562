"""Idle GPUs: what is idle, what is not, and what cannot be said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.detect.gpu_hours import GpuHour, GpuRate, IdlePolicy
from alerts.detect.idle_gpu import gpu_findings, idle_gpus

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


def test_a_slice_of_a_gpu_costs_its_part_of_the_gpu():
    slices = [replace(row, gpu="GPU-1/7", held=Decimal(1) / 7) for row in hours(0, 0)]
    (alert,) = idle_gpus(slices, {"gpu-prod": GpuRate(Decimal(7), "USD")}, NOW).alerts
    assert (alert.amount, alert.facts["per_day"]) == (Decimal("2.00"), "24")


def test_teams_that_share_a_gpu_by_time_bear_their_shares():
    shared = [replace(row, held=Decimal("0.5")) for row in [*hours(0, 0), *hours(0, 0, team="ads")]]
    alerts = idle_gpus(shared, RATES, NOW).alerts
    assert [(alert.team, alert.amount) for alert in alerts] == [("ads", Decimal("2.50")), ("search", Decimal("2.50"))]


def halves(first, second, present="0.5"):
    """Two pods that held a GPU one after the other in the newest hour, after an idle one."""
    of_pods = [hours(first), hours(second)]
    pods = [replace(row, samples_present=Decimal(present), held=Decimal("0.5")) for (row,) in of_pods]
    return [*hours(2, None), *pods]


def test_a_pod_that_is_restarted_goes_on_as_one_holder():
    (alert,) = idle_gpus(halves(1, 3), RATES, NOW).alerts
    assert alert.amount == Decimal("5.00")
    assert "mean 2.0 %" in alert.contributors[0].note
    assert idle_gpus(halves(1, 60), RATES, NOW).alerts == (), "its mean over all samples is 30.5 %"


def test_pods_that_share_a_gpu_and_leave_a_gap_are_measured_as_far_as_the_gpu_was_seen():
    shared = [replace(row, held=Decimal("0.25"), seen=Decimal("0.5")) for row in halves(1, 1)[1:]]
    findings = idle_gpus([*hours(2, None), *shared], RATES, NOW)
    assert (findings.alerts, findings.undecided) == ((), ("idle_gpu:search:gpu-prod",))


def test_each_gpu_says_who_held_it_and_why_it_is_idle():
    held = [replace(row, holder="train/job-0") for row in hours(0, 0)]
    warm = hours(4, 4, gpu="GPU-2")
    free = [replace(row, allocated=False) for row in hours(0, 0, 0, team="idle", gpu="GPU-3")]
    unallocated, alert = idle_gpus([*held, *warm, *free], RATES, NOW).alerts
    assert [each.note for each in alert.contributors] == [
        "idle for 2 h, mean 0.0 %, held by train/job-0 (held without a process)",
        "idle for 2 h, mean 4.0 % (warm and low)",
    ]
    assert alert.facts["causes"] == "held without a process: 1, warm and low: 1"
    assert (unallocated.key, unallocated.amount) == ("idle_gpu:idle:gpu-prod", Decimal("7.50"))
    assert unallocated.facts["causes"] == "unallocated: 1"
    assert "Nobody held them." in unallocated.summary


def test_the_summary_says_what_is_usual_at_this_hour():
    history = [replace(row, hour=row.hour - timedelta(days=days)) for days in (1, 2, 3) for row in hours(60, 70)]
    (alert,) = idle_gpus([*history, *hours(0, 0)], RATES, NOW).alerts
    assert "At 11:00 UTC GPUs of search here are usually 70 % used (3 earlier days)." in alert.summary
    (young,) = idle_gpus(hours(0, 0), RATES, NOW).alerts
    assert "What is usual at 11:00 UTC is not known yet." in young.summary


def every(*given):
    return [alert for findings in gpu_findings(*given) for alert in findings.alerts]


def stretched(low=None, saturated=None, present=1):
    stretches = {
        name: None if minutes is None else Decimal(minutes) / 60
        for name, minutes in (("low_stretch", low), ("saturated_stretch", saturated))
    }
    return [replace(row, **stretches) for row in hours(35, present=present)]


@pytest.mark.parametrize(
    ("found", "keys"),
    [
        (stretched(low=30), ["low_gpu:search:gpu-prod"]),
        (stretched(low=29), []),
        (stretched(saturated=10), ["saturated_gpu:search:gpu-prod"]),
        (stretched(saturated=9), []),
        (stretched(low=40, saturated=15), ["saturated_gpu:search:gpu-prod"]),
        (stretched(low=60, present="0.8"), []),
        (stretched(), []),
    ],
)
def test_a_stretch_of_the_newest_hour_makes_a_gpu_low_or_saturated(found, keys):
    assert [alert.key for alert in every(found, RATES, NOW)] == keys


def test_little_used_gpus_lose_what_they_do_not_use_and_saturated_ones_nothing():
    (low,) = every(stretched(low=60), RATES, NOW)
    assert (low.amount, low.severity) == (Decimal("1.62"), "info")  # 65 % of 2.50
    (saturated,) = every(stretched(saturated=60), RATES, NOW)
    assert (saturated.amount, saturated.severity) == (None, "info")
    off = IdlePolicy(low_for=None, saturated_for=None)
    assert every(stretched(low=60, saturated=60), RATES, NOW, off) == []


def test_an_idle_gpu_is_not_told_as_little_used_too():
    idle = [replace(row, low_stretch=Decimal(1)) for row in hours(2, 2)]
    assert [alert.key for alert in every(idle, RATES, NOW)] == ["idle_gpu:search:gpu-prod"]


def test_a_window_shorter_than_an_hour_needs_one_idle_hour():
    policy = IdlePolicy(window=timedelta(minutes=30))
    assert len(every(hours(50, 0), RATES, NOW, policy)) == 1
    assert every(hours(0, 50), RATES, NOW, policy) == []


def test_a_gpu_is_told_once_as_little_used_once_as_idle_and_once_at_the_end_and_a_gap_ends_nothing(timeline, between):
    used = [80, 80, 25, 25, 3, 2, 1, None, 1, 2, 1, 70]
    start = datetime(2026, 11, 20, tzinfo=UTC)
    rows = [
        GpuHour(
            "gpu-prod",
            "GPU-1",
            "search",
            "node-1",
            start + timedelta(hours=place),
            Decimal(value),
            Decimal(1),
            low_stretch=Decimal(1) if value < 40 else None,
        )
        for place, value in enumerate(used)
        if value is not None
    ]
    others = [
        replace(row, gpu="GPU-2", utilization=Decimal(60), low_stretch=None) for row in hours(*[60] * 24, until=23)
    ]
    others = [replace(row, hour=start + timedelta(hours=place)) for place, row in enumerate(others)]
    for place in range(2, len(used) + 1):
        now = start + timedelta(hours=place, minutes=5)
        known = [row for row in [*rows, *others] if row.end <= now]
        timeline.report(place, *gpu_findings(known, RATES, now))
    timeline.want(between(3, 3), "slack", "firing", "low_gpu:search:gpu-prod")
    timeline.want(between(6, 6), "slack", "firing", "idle_gpu:search:gpu-prod")
    timeline.want(between(6, 6), "slack", "resolved", "low_gpu:search:gpu-prod")
    timeline.want(between(12, 12), "slack", "resolved", "idle_gpu:search:gpu-prod")
    timeline.check()
