"""Timelines of the path: what goes in by the hour, and what a channel hears, no more and no less."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.alert import Findings
from alerts.pipeline import probe
from alerts.policy import Match, Policy, Route, Silence

EC2, S3 = "spend:search:EC2:2026-11-19", "spend:search:S3:2026-11-19"
START = datetime(2026, 11, 20, tzinfo=UTC)


def test_an_alert_is_told_once_and_its_end_is_told_once(timeline, alert, between):
    for hour in (1.0, 1.5, 2.0, 2.5):
        timeline.at(hour, alert(EC2))
    timeline.at(3.0)
    timeline.at(3.5)
    timeline.want(between(1, 1.2), "slack", "firing", EC2)
    timeline.want(between(3, 3.2), "slack", "resolved", EC2)
    timeline.check()


def test_an_alert_that_goes_on_is_repeated_at_the_interval_only(timeline, alert, between):
    for hour in range(0, 60, 2):
        timeline.at(float(hour), alert(EC2))
    timeline.want(between(0, 0.1), "slack", "firing", EC2)
    timeline.want(between(24, 25), "slack", "firing", EC2)
    timeline.want(between(48, 49), "slack", "firing", EC2)
    timeline.check()


def test_a_new_alert_of_the_group_is_told_with_the_whole_group(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    timeline.at(2.0, alert(EC2), alert(S3))
    timeline.at(3.0, alert(EC2), alert(S3))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "firing", EC2, S3)
    timeline.check()


def test_a_higher_severity_is_told_at_once(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    timeline.at(2.0, alert(EC2, severity="critical"))
    timeline.at(3.0, alert(EC2, severity="warning"))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "firing", EC2)
    timeline.check()


def test_a_higher_level_of_the_same_severity_is_told_at_once(timeline, alert, between):
    timeline.at(1.0, alert(EC2, level=1))
    timeline.at(2.0, alert(EC2, level=2))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "firing", EC2)
    timeline.check()


def test_an_amount_that_merely_drifts_is_not_told_again(timeline, alert, between):
    for hour in range(1, 10):
        timeline.at(float(hour), alert(EC2, amount=Decimal(500 + hour)))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.check()


def test_one_of_two_alerts_resolves_alone_and_the_other_goes_on(timeline, alert, between):
    timeline.at(1.0, alert(EC2), alert(S3))
    timeline.at(2.0, alert(S3))
    timeline.at(3.0)
    timeline.want(between(1, 1), "slack", "firing", EC2, S3)
    timeline.want(between(2, 2), "slack", "resolved", EC2)
    timeline.want(between(3, 3), "slack", "resolved", S3)
    timeline.check()


def test_an_alert_that_comes_back_after_its_end_is_told_again(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    timeline.at(2.0)
    timeline.at(3.0, alert(EC2))
    timeline.at(4.0)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "resolved", EC2)
    timeline.want(between(3, 3), "slack", "firing", EC2)
    timeline.want(between(4, 4), "slack", "resolved", EC2)
    timeline.check()


def test_an_undecided_alert_neither_resolves_nor_is_told_again(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    outcome = timeline.at(2.0, undecided=("spend:search:EC2",))
    assert [decision.reason for decision in outcome.decisions if decision.stage == "follow"] == [
        "the data is not enough to say whether it goes on"
    ]
    timeline.at(3.0)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(3, 3), "slack", "resolved", EC2)
    timeline.check()


def test_an_undecided_name_does_not_hold_a_longer_name_that_begins_alike(timeline, alert, between):
    timeline.at(1.0, alert("spend:search:EC2-other:2026-11-19"))
    timeline.at(2.0, undecided=("spend:search:EC2",))
    timeline.want(between(1, 1), "slack", "firing", "spend:search:EC2-other:2026-11-19")
    timeline.want(between(2, 2), "slack", "resolved", "spend:search:EC2-other:2026-11-19")
    timeline.check()


def test_a_kind_that_no_detector_reported_on_stays_as_it_is(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    timeline.report(2.0, Findings("budget", ()))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.check()
    assert timeline.log.states()[EC2].status == "firing"


def test_a_restart_in_the_middle_repeats_nothing_and_loses_nothing(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    timeline.log = copy.deepcopy(timeline.log)
    timeline.at(1.1, alert(EC2))
    timeline.at(2.0, alert(EC2), alert(S3))
    timeline.log = copy.deepcopy(timeline.log)
    timeline.at(3.0)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "firing", EC2, S3)
    timeline.want(between(3, 3), "slack", "resolved", EC2, S3)
    timeline.check()


def test_two_passes_over_the_same_state_make_the_same_message(timeline, alert):
    before = copy.deepcopy(timeline.log)
    first = timeline.at(1.0, alert(EC2))
    timeline.log = before
    second = timeline.at(1.01, alert(EC2))
    assert [message.id for message in first.messages] == [message.id for message in second.messages]


@pytest.mark.slow
def test_five_thousand_findings_become_one_message_per_team_and_cause(timeline, alert, between):
    teams = [f"team{number}" for number in range(10)]
    found = [alert(f"spend:{team}:S{number}:2026-11-19", team=team) for team in teams for number in range(500)]
    outcome = timeline.at(1.0, *found)
    timeline.at(1.5, *found)
    assert len(timeline.heard) == 10
    assert sum(len(message.alerts) for message in outcome.messages) == 5000
    assert {decision.subject for decision in outcome.decisions if decision.stage == "route"} == {
        each.key for each in found
    }


def test_the_first_route_that_matches_takes_the_alert(timeline_of, alert, between):
    routes = (
        Route(("oncall", "slack"), Match(severity=("critical",))),
        Route(("search-costs",), Match(team=("search", "ads-*"))),
        Route((), Match(kind=("restatement",))),
        Route(("rest",)),
    )
    timeline = timeline_of(Policy(routes))
    ads, data, quiet = "spend:ads:S3:2026-11-19", "spend:data:S3:2026-11-19", "restatement:aws:USD"
    timeline.report(
        1.0,
        Findings("spend_anomaly", (alert(EC2), alert(ads, team="ads-eu"), alert(data, team="data"))),
        Findings("restatement", (alert(quiet, kind="restatement", team=""),)),
        Findings("budget", (alert("budget:search:2026-11", kind="budget", severity="critical"),)),
    )
    timeline.want(between(1, 1), "search-costs", "firing", EC2)
    timeline.want(between(1, 1), "search-costs", "firing", ads)
    timeline.want(between(1, 1), "rest", "firing", data)
    timeline.want(between(1, 1), "oncall", "firing", "budget:search:2026-11")
    timeline.want(between(1, 1), "slack", "firing", "budget:search:2026-11")
    timeline.check()


def test_an_alert_without_a_route_is_kept_and_says_so(timeline_of, alert):
    timeline = timeline_of(Policy((Route(("slack",), Match(team=("ads",))),)))
    outcome = timeline.at(1.0, alert(EC2))
    timeline.check()
    assert [(each.verdict, each.reason) for each in outcome.decisions if each.stage == "route"] == [
        ("dropped", "no route matches it")
    ]
    assert timeline.log.states()[EC2].status == "firing"


def test_a_channel_that_severity_added_later_hears_of_both_the_alert_and_its_end(timeline_of, alert, between):
    routes = (Route(("oncall",), Match(severity=("critical",))), Route(("slack",)))
    timeline = timeline_of(Policy(routes))
    timeline.at(1.0, alert(EC2))
    timeline.at(2.0, alert(EC2, severity="critical"))
    timeline.at(3.0)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "oncall", "firing", EC2)
    timeline.want(between(3, 3), "slack", "resolved", EC2)
    timeline.want(between(3, 3), "oncall", "resolved", EC2)
    timeline.check()


def test_group_wait_lets_others_join_the_first_message(timeline_of, alert, between):
    timeline = timeline_of(Policy((Route(("slack",), group_wait=timedelta(minutes=30)),)))
    timeline.at(1.0, alert(EC2))
    timeline.at(1.2, alert(EC2), alert(S3))
    timeline.at(1.5, alert(EC2), alert(S3))
    timeline.want(between(1.5, 1.5), "slack", "firing", EC2, S3)
    timeline.check()


def test_an_alert_that_ends_while_its_group_waits_is_never_told(timeline_of, alert):
    timeline = timeline_of(Policy((Route(("slack",), group_wait=timedelta(minutes=30)),)))
    timeline.at(1.0, alert(EC2))
    timeline.at(1.2)
    timeline.at(1.6)
    timeline.check()


def test_a_silence_holds_alerts_and_their_ends_back_until_it_is_over(timeline_of, alert, between):
    silence = Silence(START, START + timedelta(hours=4), "migration", Match(team=("search",)), keys=("spend:*",))
    timeline = timeline_of(Policy((Route(("slack",)),), (silence,)))
    timeline.at(1.0, alert(EC2), alert(S3))
    assert "silenced until 2026-11-20 04:00 UTC: migration" in {each.reason for each in timeline.outcomes[0].decisions}
    timeline.at(4.0, alert(EC2))
    timeline.want(between(4, 4), "slack", "firing", EC2)
    timeline.check()


@pytest.mark.parametrize("status", ["acknowledged", "snoozed"])
def test_what_someone_acknowledged_or_snoozed_is_not_repeated_but_its_end_is_told(timeline, alert, between, status):
    timeline.at(1.0, alert(EC2))
    until = START + timedelta(hours=80) if status == "snoozed" else None
    state = replace(timeline.log.known[EC2], status=status, snoozed_until=until)
    timeline.log.record([state], [], {})
    timeline.at(30.0, alert(EC2))
    timeline.at(60.0, alert(EC2))
    timeline.at(61.0)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(61, 61), "slack", "resolved", EC2)
    timeline.check()


def test_an_acknowledged_alert_that_gets_worse_is_told_again(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    timeline.log.record([replace(timeline.log.known[EC2], status="acknowledged")], [], {})
    timeline.at(2.0, alert(EC2, severity="critical"))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "firing", EC2)
    timeline.check()


def test_a_snooze_ends_and_the_alert_is_repeated(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    snoozed = replace(timeline.log.known[EC2], status="snoozed", snoozed_until=START + timedelta(hours=26))
    timeline.log.record([snoozed], [], {})
    timeline.at(25.5, alert(EC2))
    timeline.at(26.0, alert(EC2))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(26, 26), "slack", "firing", EC2)
    timeline.check()


def test_every_decision_about_a_group_says_why(timeline, alert):
    told = timeline.at(1.0, alert(EC2))
    quiet = timeline.at(2.0, alert(EC2))
    assert [each.reason for each in told.decisions if each.stage == "deduplicate"] == [f"{EC2} is new"]
    assert [each.reason for each in quiet.decisions if each.stage == "deduplicate"] == [
        "told at 2026-11-20 01:00 UTC, repeats after 1 d"
    ]


def test_a_probe_is_a_test_message_for_one_channel():
    message = probe("slack", START)
    assert (message.kind, message.channel, message.alerts[0].kind) == ("test", "slack", "test")
    assert message.id != probe("slack", START + timedelta(seconds=1)).id
