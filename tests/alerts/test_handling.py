"""Timelines of what people and the clock do: acknowledge, snooze, escalate, quiet hours, digests, maintenance."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from alerts.alert import Findings, Handling
from alerts.calendar import QuietHours, Rounds
from alerts.policy import Escalation, Learned, Match, Policy, Route, Silence
from alerts.stages.group import group_in

EC2, S3 = "spend:search:EC2:2026-11-19", "spend:search:S3:2026-11-19"
START = datetime(2026, 11, 20, tzinfo=UTC)  # a Friday
HOUR = timedelta(hours=1)
STEPS = (
    Escalation(2 * HOUR, ("lead",)),
    Escalation(4 * HOUR, ("manager",)),
    Escalation(8 * HOUR, ("oncall", "slack")),
)


def handled(timeline, key, status="acknowledged", until=None):
    """Handle an alert at the present hour, as a person does."""
    state = timeline.log.known[key]
    by = Handling("ana", timeline.now(), "we know")
    timeline.log.record([replace(state, status=status, handling=by, snoozed_until=until)], [], {})


def escalating(timeline_of, **more):
    timeline = timeline_of(Policy((Route(("slack",), repeat=timedelta(days=9), escalate=STEPS, **more),)))
    timeline.add_channels("lead", "manager", "oncall")
    return timeline


def test_what_nobody_acknowledges_climbs_from_the_lead_to_the_manager_to_the_on_call(timeline_of, alert, between):
    timeline = escalating(timeline_of)
    timeline.at(0.0, alert(EC2))
    for hour in range(1, 20):
        timeline.tick(float(hour) / 2)
    timeline.want(between(0, 0), "slack", "firing", EC2)
    timeline.want(between(2, 2), "lead", "firing", EC2)
    timeline.want(between(4, 4), "manager", "firing", EC2)
    timeline.want(between(8, 8), "oncall", "firing", EC2)
    timeline.check()
    notes = {message.channel: message.note for outcome in timeline.outcomes for message in outcome.messages}
    assert notes["manager"] == "nobody acknowledged it for 4 h"
    assert notes["slack"] == ""


def test_an_acknowledgement_ends_the_climb_and_the_end_goes_to_all_who_were_told(timeline_of, alert, between):
    timeline = escalating(timeline_of)
    timeline.at(0.0, alert(EC2))
    timeline.tick(2.5)
    timeline.hour = 3.0
    handled(timeline, EC2)
    timeline.tick(9.0)
    timeline.at(10.0)
    timeline.want(between(0, 0), "slack", "firing", EC2)
    timeline.want(between(2.5, 2.5), "lead", "firing", EC2)
    timeline.want(between(10, 10), "slack", "resolved", EC2)
    timeline.want(between(10, 10), "lead", "resolved", EC2)
    timeline.check()


def test_a_snooze_puts_the_climb_off_and_it_begins_anew_when_it_ends(timeline_of, alert, between):
    timeline = escalating(timeline_of)
    timeline.at(0.0, alert(EC2))
    timeline.hour = 1.0
    handled(timeline, EC2, "snoozed", START + 10 * HOUR)
    for hour in (3.0, 9.9, 10.0, 11.9, 12.0):
        timeline.tick(hour)
    timeline.want(between(0, 0), "slack", "firing", EC2)
    timeline.want(between(10, 10), "slack", "firing", EC2)
    timeline.want(between(12, 12), "lead", "firing", EC2)
    timeline.check()


def test_a_restart_in_the_middle_of_the_climb_repeats_no_step(timeline_of, alert, between):
    timeline = escalating(timeline_of)
    timeline.at(0.0, alert(EC2))
    timeline.tick(2.0)
    timeline.log = copy.deepcopy(timeline.log)
    timeline.tick(2.1)
    timeline.tick(4.0)
    timeline.want(between(0, 0), "slack", "firing", EC2)
    timeline.want(between(2, 2), "lead", "firing", EC2)
    timeline.want(between(4, 4), "manager", "firing", EC2)
    timeline.check()


def test_the_end_of_a_snooze_is_told_though_no_detector_ran_and_it_is_not_time_to_repeat(timeline_of, alert, between):
    timeline = timeline_of(Policy((Route(("slack",), repeat=timedelta(days=9)),)))
    timeline.at(1.0, alert(EC2))
    handled(timeline, EC2, "snoozed", START + 3 * HOUR)
    timeline.tick(2.9)
    timeline.tick(3.0)
    timeline.tick(3.1)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(3, 3), "slack", "firing", EC2)
    timeline.check()


def test_an_alert_that_is_acknowledged_and_let_go_again_is_told_again(timeline_of, alert, between):
    timeline = timeline_of(Policy((Route(("slack",), repeat=timedelta(days=9)),)))
    timeline.at(1.0, alert(EC2))
    handled(timeline, EC2)
    timeline.tick(2.0)
    handled(timeline, EC2, "firing")
    timeline.tick(3.0)
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(3, 3), "slack", "firing", EC2)
    timeline.check()


def test_a_channel_that_shows_how_alerts_stand_hears_once_who_took_one_up(timeline_of, alert, between):
    policy = Policy((Route(("slack", "mail"), repeat=timedelta(days=9)),), following=frozenset({"slack"}))
    timeline = timeline_of(policy)
    timeline.at(1.0, alert(EC2), alert(S3))
    handled(timeline, EC2)
    for hour in (2.0, 3.0):
        timeline.tick(hour)
    for channel in ("slack", "mail"):
        timeline.want(between(1, 1), channel, "firing", EC2, S3)
    timeline.want(between(2, 2), "slack", "acknowledged", EC2)
    timeline.check()
    [told] = [each for outcome in timeline.outcomes for each in outcome.messages if each.kind == "acknowledged"]
    assert (told.note, told.open) == ("acknowledged by ana: we know", 2)


def test_all_messages_of_a_course_name_the_same_incident_and_the_next_course_another(timeline, alert):
    timeline.at(1.0, alert(EC2))
    timeline.at(2.0, alert(EC2), alert(S3))
    timeline.at(3.0, alert(S3))
    timeline.at(4.0)
    timeline.at(5.0, alert(EC2))
    messages = [(each.kind, each.open, each.incident) for outcome in timeline.outcomes for each in outcome.messages]
    assert [(kind, count) for kind, count, _ in messages] == [
        ("firing", 1),
        ("firing", 2),
        ("resolved", 1),
        ("resolved", 0),
        ("firing", 1),
    ]
    incidents = [incident for _, _, incident in messages]
    assert len(set(incidents[:4])) == 1
    assert incidents[4] not in incidents[:4]
    assert all(incidents)


NIGHTS = QuietHours("nights", time(22), time(7), zone=ZoneInfo("Europe/Berlin"))  # 21:00 to 06:00 UTC in November


def test_nothing_is_told_in_quiet_hours_and_what_goes_on_is_told_when_they_end(timeline_of, alert, between):
    routes = (Route(("oncall",), Match(severity=("critical",))), Route(("slack",), quiet=(NIGHTS,)))
    timeline = timeline_of(Policy(routes))
    timeline.at(22.0, alert(EC2), alert(S3))
    reasons = {each.reason for each in timeline.outcomes[0].decisions}
    assert "quiet hours (nights) until 2026-11-21 06:00 UTC" in reasons
    timeline.at(23.0, alert(EC2), alert(S3, severity="critical"))
    timeline.at(29.9, alert(EC2), alert(S3, severity="critical"))
    timeline.tick(30.0)
    timeline.want(between(23, 23), "oncall", "firing", S3)
    timeline.want(between(30, 30), "slack", "firing", EC2)
    timeline.check()


def test_what_resolves_in_quiet_hours_is_told_in_the_morning_and_what_came_and_went_never(timeline_of, alert, between):
    timeline = timeline_of(Policy((Route(("slack",), quiet=(NIGHTS,)),)))
    timeline.at(20.0, alert(EC2))
    timeline.at(22.0, alert(S3))
    timeline.at(23.0)
    timeline.tick(30.0)
    timeline.want(between(20, 20), "slack", "firing", EC2)
    timeline.want(between(30, 30), "slack", "resolved", EC2)
    timeline.check()


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (NIGHTS, datetime(2026, 11, 20, 20, 59, tzinfo=UTC), None),
        (NIGHTS, datetime(2026, 11, 20, 21, tzinfo=UTC), datetime(2026, 11, 21, 6, tzinfo=UTC)),
        (NIGHTS, datetime(2026, 11, 21, 5, 59, tzinfo=UTC), datetime(2026, 11, 21, 6, tzinfo=UTC)),
        (NIGHTS, datetime(2026, 11, 21, 6, tzinfo=UTC), None),
        (NIGHTS, datetime(2026, 7, 1, 4, 59, tzinfo=UTC), datetime(2026, 7, 1, 5, tzinfo=UTC)),
        (
            QuietHours("weekend", days=frozenset({5, 6})),
            datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
            datetime(2026, 11, 23, tzinfo=UTC),
        ),
        (QuietHours("weekend", days=frozenset({5, 6})), datetime(2026, 11, 23, tzinfo=UTC), None),
        (replace(NIGHTS, days=frozenset({4})), datetime(2026, 11, 21, 21, 30, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_go_by_the_clocks_of_their_time_zone(hours, now, until):
    assert hours.until(now) == until


def test_a_round_comes_at_its_time_of_day_on_its_days():
    mornings = Rounds(time(9), frozenset({0}), ZoneInfo("Europe/Berlin"))
    assert mornings.next_after(START) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert mornings.next_after(datetime(2026, 11, 23, 8, tzinfo=UTC)) == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert mornings.last_until(datetime(2026, 11, 23, 8, tzinfo=UTC)) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert mornings.last_until(datetime(2026, 11, 23, 7, 59, tzinfo=UTC)) == datetime(2026, 11, 16, 8, tzinfo=UTC)


def test_what_is_low_waits_for_the_digest_and_comes_in_one_message_a_team(timeline_of, alert, between):
    routes = (Route(("slack",), Match(severity=("info",)), digest=Rounds(time(9))), Route(("oncall",)))
    timeline = timeline_of(Policy(routes))
    low = alert(EC2, severity="info")
    idle = alert("idle_gpu:search:prod", kind="idle_gpu", severity="info")
    timeline.at(1.0, low)
    assert "for the digest at 2026-11-20 09:00 UTC" in {each.reason for each in timeline.outcomes[0].decisions}
    timeline.report(2.0, Findings("idle_gpu", (idle,)))
    timeline.tick(9.0)
    timeline.tick(12.0)
    timeline.at(13.0)
    timeline.tick(33.0)
    timeline.want(between(9, 9), "slack", "firing", EC2, idle.key)
    timeline.want(between(33, 33), "slack", "resolved", EC2)
    timeline.want(between(33, 33), "slack", "firing", idle.key)
    timeline.check()


def test_planned_maintenance_keeps_quiet_what_it_names(timeline_of, alert, between):
    span = Silence(START, START + 4 * HOUR, "move to another region", keys=("*:EC2:*",))
    timeline = timeline_of(Policy((Route(("slack",)),), (span,)))
    timeline.at(1.0, alert(EC2), alert(S3))
    timeline.tick(4.0)
    timeline.want(between(1, 1), "slack", "firing", S3)
    timeline.want(between(4, 4), "slack", "firing", EC2, S3)
    timeline.check()


def test_what_was_called_no_problem_resolves_and_its_pattern_does_not_fire_again(timeline, alert, between):
    timeline.at(1.0, alert(EC2))
    lesson = Learned("spend:search:EC2:*", "not_a_problem", "ana", Decimal(512), "USD")
    timeline.policy = replace(timeline.policy, learned=(lesson,))
    outcome = timeline.at(2.0, alert(EC2))
    assert [(each.stage, each.reason) for each in outcome.decisions if each.verdict == "resolves"] == [
        ("follow", "not a problem, says ana, up to $1,024.00")
    ]
    timeline.at(30.0, alert("spend:search:EC2:2026-11-21"))
    timeline.want(between(1, 1), "slack", "firing", EC2)
    timeline.want(between(2, 2), "slack", "resolved", EC2)
    timeline.check()


def test_a_pattern_that_was_learned_fires_where_it_is_more_than_twice_as_large(timeline, alert, between):
    lesson = Learned("spend:search:EC2:*", "not_a_problem", "ana", Decimal(500), "USD")
    timeline.policy = replace(timeline.policy, learned=(lesson,))
    timeline.at(1.0, alert(EC2, amount=Decimal(1000)))
    timeline.at(2.0, alert(EC2, amount=Decimal("1000.01")))
    timeline.want(between(2, 2), "slack", "firing", EC2)
    timeline.check()


def test_what_is_planned_fires_again_from_its_day_on(timeline, alert, between):
    lesson = Learned("spend:search:EC2:*", "planned", "ana", until=START + 5 * HOUR)
    timeline.policy = replace(timeline.policy, learned=(lesson,))
    timeline.at(1.0, alert(EC2))
    timeline.at(5.0, alert(EC2))
    timeline.want(between(5, 5), "slack", "firing", EC2)
    timeline.check()


def test_every_alert_says_which_group_it_is_told_in(timeline, alert):
    outcome = timeline.at(1.0, alert(EC2))
    assert [group_in(each) for each in outcome.decisions if each.stage == "group"] == ["search:spend_anomaly"]
