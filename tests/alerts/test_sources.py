"""Freshness, restatements and unattributed spend."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.alert import Contributor
from alerts.detect.freshness import FreshnessPolicy, SourceFacts, stale_sources
from alerts.detect.restatement import RestatedDay, restatements
from alerts.detect.unattributed import UnattributedDay, rising_unattributed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE = SourceFacts("aws", NOW - timedelta(hours=20), NOW - timedelta(days=90), habit=timedelta(hours=6))


def test_a_source_within_three_times_its_habit_is_fresh():
    assert stale_sources([replace(SOURCE, known_until=NOW - timedelta(hours=18))], NOW).alerts == ()


def test_a_source_silent_beyond_its_habit_fires_with_the_time_it_is_known_until():
    (alert,) = stale_sources([SOURCE], NOW).alerts
    assert (alert.key, alert.severity, alert.title) == ("freshness:aws", "warning", "aws silent for 20 hours")
    assert alert.started_at == NOW - timedelta(hours=20)


def test_a_long_silence_is_critical():
    (alert,) = stale_sources([replace(SOURCE, known_until=NOW - timedelta(days=5))], NOW).alerts
    assert (alert.severity, alert.title) == ("critical", "aws silent for 5 days")


def test_a_configured_limit_counts_more_than_the_habit():
    assert stale_sources([replace(SOURCE, limit=timedelta(days=1))], NOW).alerts == ()


def test_a_source_without_a_habit_may_be_silent_for_two_days_since_it_was_configured():
    fresh = SourceFacts("new", None, NOW - timedelta(days=2))
    assert stale_sources([fresh], NOW).alerts == ()
    (alert,) = stale_sources([fresh], NOW + timedelta(minutes=1)).alerts
    assert "has brought nothing since it was configured" in alert.summary


@pytest.mark.parametrize(("hours", "permanent", "severity"), [(2, False, "warning"), (0, True, "critical")])
def test_a_failing_source_fires_and_says_whether_it_passes_by_itself(hours, permanent, severity):
    failing = replace(
        SOURCE, error="AccessDenied", permanent=permanent, failing_since=NOW - timedelta(hours=hours), known_until=NOW
    )
    (alert,) = stale_sources([failing], NOW).alerts
    assert alert.severity == severity
    assert "AccessDenied" in alert.summary


def test_a_failure_that_may_pass_is_told_after_an_hour_only():
    failing = replace(SOURCE, error="timeout", failing_since=NOW - timedelta(minutes=59), known_until=NOW)
    assert stale_sources([failing], NOW, FreshnessPolicy()).alerts == ()


def restated(day, before, after, **changes):
    plain = RestatedDay("aws", date(2026, 11, day), Decimal(before), Decimal(after), "USD", NOW)
    return replace(plain, **changes)


def test_restated_days_of_a_source_are_one_alert_with_before_and_after():
    (alert,) = restatements([restated(3, 100, 130), restated(4, 200, 150)], NOW).alerts
    assert (alert.key, alert.amount, alert.title) == ("restatement:aws:USD", Decimal(-20), "aws restated 2 days")
    assert [(each.label, each.amount, each.note) for each in alert.contributors] == [
        ("2026-11-04", Decimal(-50), "$200.00 before, $150.00 after"),
        ("2026-11-03", Decimal(30), "$100.00 before, $130.00 after"),
    ]


def test_changes_below_the_floor_are_not_told_and_opposite_ones_do_not_cancel():
    assert restatements([restated(3, 100, "109.99")], NOW).alerts == ()
    assert len(restatements([restated(3, 100, 105), restated(4, 100, 95)], NOW).alerts) == 1


def test_a_restatement_fires_for_three_days_after_it_was_noticed():
    days = [restated(3, 100, 200)]
    assert len(restatements(days, NOW + timedelta(days=2, hours=23)).alerts) == 1
    assert restatements(days, NOW + timedelta(days=3)).alerts == ()


def test_a_later_restatement_of_the_same_source_is_told_again():
    first = restated(3, 100, 200)
    later = restated(5, 100, 200, noticed_at=NOW + timedelta(days=1))
    before = restatements([first], NOW).alerts[0]
    after = restatements([first, later], NOW + timedelta(days=1)).alerts[0]
    assert after.level > before.level


def days_with(*shares, whole=1000, complete=True):
    first = NOW.date() - timedelta(days=len(shares))
    return [
        UnattributedDay(first + timedelta(days=index), Decimal(share), Decimal(whole), complete)
        for index, share in enumerate(shares)
    ]


def test_a_rising_unattributed_share_fires_with_what_is_behind_it():
    behind = [Contributor("account 1", Decimal(20)), Contributor("account 2", Decimal(220))]
    (alert,) = rising_unattributed(days_with(*[20] * 28, 80, 80, 80), "USD", behind, NOW).alerts
    assert (alert.key, alert.amount, alert.threshold) == ("unattributed:USD", Decimal("240.00"), Decimal("150.00"))
    assert alert.title == "8.0 % of spend has no owner"
    assert "Before it was 2.0 %" in alert.summary
    assert [each.label for each in alert.contributors] == ["account 2", "account 1"]


@pytest.mark.parametrize(
    "shares",
    [[50] * 31, [80] * 31, [20] * 28 + [50] * 3],
    ids=["at the limit", "above it as always", "risen to the limit only"],
)
def test_a_share_at_its_limit_or_at_its_usual_level_does_not_fire(shares):
    assert rising_unattributed(days_with(*shares), "USD", (), NOW).alerts == ()


def test_without_an_earlier_time_the_limit_alone_decides():
    (alert,) = rising_unattributed(days_with(80, 80, 80), "USD", (), NOW).alerts
    assert "no earlier time" in alert.summary


def test_days_without_cost_or_not_complete_decide_nothing():
    for days in ([], days_with(0, 0, 0, whole=0), days_with(80, 80, 80, complete=False)):
        findings = rising_unattributed(days, "USD", (), NOW)
        assert (findings.alerts, findings.undecided) == ((), ("unattributed:USD",))
