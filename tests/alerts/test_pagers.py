"""PagerDuty, Alertmanager and Apprise against an HTTP server on loopback."""

import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from alerts.channels.base import Accepted, ChannelSettings, Postponed, Refused
from alerts.channels.registry import built_in
from alerts.pipeline import probe
from alerts.policy import Policy, Route
from alerts.ports import Message

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
EC2, S3 = "spend:search:EC2:2026-11-19", "spend:search:S3:2026-11-19"
QUIET_IMPORT = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def message(*alerts, kind="firing", **more):
    return Message("id-1", "search:spend_anomaly", "ops", kind, "search", alerts, NOW, **{"incident": "inc-1", **more})


def channel(kind, clock=lambda: NOW, **options):
    return built_in()[kind].build(ChannelSettings("ops", options, StringIO(), clock, "https://costs.example.com"))


def pagerduty(far_side):
    return channel("pagerduty", routing_key=KEY, url=far_side.url)


def test_pagerduty_gets_one_incident_a_group_from_its_first_alert_to_its_last(far_side, alert, timeline_of):
    timeline = timeline_of(Policy((Route(("pager",)),), following=frozenset({"pager"})))
    timeline.channels["pager"] = pagerduty(far_side)
    for hour, keys in ((1.0, [EC2]), (2.0, [EC2, S3]), (3.0, [S3]), (4.0, [])):
        timeline.hour = hour
        timeline.run(hour, *(alert(key) for key in keys))
    events = [request.document for request in far_side.requests]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "resolve"]
    assert len({event["dedup_key"] for event in events}) == 1
    assert {event["routing_key"] for event in events} == {KEY}


def test_a_pagerduty_event_says_what_and_where_within_its_limits(far_side, alert):
    many = [alert(f"spend:search:S{number}:2026-11-19", title="x" * 3000) for number in range(200)]
    assert pagerduty(far_side).send(message(*many, open=200, note="nobody acknowledged it for 4 h")) == Accepted()
    [request] = far_side.requests
    payload = request.document["payload"]
    assert payload["summary"] == "WARNING · search · 200 spend anomalies"
    assert (payload["severity"], payload["component"], payload["class"]) == ("warning", "search", "spend_anomaly")
    assert payload["custom_details"]["more"] == 150
    assert payload["custom_details"]["note"] == "nobody acknowledged it for 4 h"
    assert request.document["links"] == [
        {"href": "https://costs.example.com/teams/search?month=2026-11", "text": "Open the page"}
    ]
    assert len(request.body) < 512 * 1024
    assert pagerduty(far_side).send(message(alert(title="y" * 3000), open=1)) == Accepted()
    assert len(far_side.requests[-1].document["payload"]["summary"]) == 1024


def test_pagerduty_acknowledges_only_when_all_of_the_group_was_taken_up(far_side, alert):
    pagerduty(far_side).send(message(alert(), kind="acknowledged", open=2))
    assert far_side.requests == []
    pagerduty(far_side).send(message(alert(), kind="acknowledged", open=1))
    assert far_side.requests[0].document == {
        "routing_key": KEY,
        "event_action": "acknowledge",
        "dedup_key": "inc-1",
    }


def test_a_test_of_pagerduty_leaves_no_incident(far_side):
    assert pagerduty(far_side).send(probe("ops", NOW)) == Accepted()
    assert [request.document["event_action"] for request in far_side.requests] == ["trigger", "resolve"]


def test_pagerdutys_refusals_never_show_the_key(far_side, reply, alert):
    far_side.replies = [reply(400, f"invalid routing key {KEY}"), reply(429, "throttled", {"Retry-After": "60"})]
    refused = pagerduty(far_side).send(message(alert()))
    assert isinstance(refused, Refused)
    assert (KEY in refused.error, "invalid routing key …" in refused.error) == (False, True)
    assert pagerduty(far_side).send(message(alert())) == Postponed(
        "127.0.0.1 answered 429: throttled", timedelta(seconds=60)
    )
    assert KEY not in repr(pagerduty(far_side))
    with pytest.raises(ValueError, match="Events API v2"):
        channel("pagerduty", routing_key="not a key!")


def test_alertmanager_gets_each_alert_by_labels_that_hold_no_amount_and_no_time(far_side, alert):
    made = channel(
        "alertmanager", url=f"{far_side.url}/prefix/", labels={"cluster": "costs"}, username="u", password="p"
    )
    assert made.send(message(alert(), alert(S3, team=""))) == Accepted()
    [request] = far_side.requests
    assert request.path == "/prefix/api/v2/alerts"
    assert request.headers["Authorization"] == "Basic dTpw"
    firing = [each for each in request.document if each["endsAt"] > NOW.isoformat()]
    assert [each["labels"] for each in firing] == [
        {
            "cluster": "costs",
            "alertname": "SpendAnomaly",
            "kind": "spend_anomaly",
            "team": "search",
            "severity": "warning",
            "key": EC2,
        },
        {"cluster": "costs", "alertname": "SpendAnomaly", "kind": "spend_anomaly", "severity": "warning", "key": S3},
    ]
    assert firing[0]["annotations"]["amount"] == "$512.00 against $140.00"
    assert firing[0]["startsAt"] == "2026-11-19T00:00:00+00:00"
    assert firing[0]["generatorURL"] == "https://costs.example.com/teams/search?month=2026-11"
    ended = {(each["labels"]["key"], each["labels"]["severity"]) for each in request.document if each not in firing}
    assert ended == {(key, severity) for key in (EC2, S3) for severity in ("info", "critical")}


def test_alertmanager_is_told_what_resolved_and_nothing_of_acknowledgements(far_side, alert):
    made = channel("alertmanager", url=far_side.url)
    assert made.send(message(alert(), kind="acknowledged")) == Accepted()
    assert far_side.requests == []
    made.send(message(alert(), kind="resolved"))
    assert {each["endsAt"] for each in far_side.requests[0].document} == {NOW.isoformat()}
    assert len(far_side.requests[0].document) == 3


@QUIET_IMPORT
def test_apprise_sends_the_text_of_a_message(far_side, alert):
    host = far_side.url.removeprefix("http://")
    made = channel("apprise", url=f"json://{host}/hush-token")
    assert made.send(message(alert(), note="nobody acknowledged it for 4 h")) == Accepted()
    document = far_side.requests[0].document
    assert document["title"] == "WARNING · search · Spend spike: EC2"
    assert document["type"] == "warning"
    assert document["message"].startswith("nobody acknowledged it for 4 h\nSpend spike: EC2 ($512.00 against $140.00)")
    made.send(message(*[alert(summary="x" * 900)] * 19))
    assert len(far_side.requests[1].document["message"]) <= 8000


@QUIET_IMPORT
def test_what_apprise_cannot_send_is_tried_again_and_shows_no_address(far_side, reply, alert, caplog):
    caplog.set_level(logging.DEBUG)
    far_side.always = reply(500, "down")
    made = channel("apprise", url=f"json://{far_side.url.removeprefix('http://')}/hush-token")
    answer = made.send(message(alert()))
    assert isinstance(answer, Postponed)
    assert answer.error
    assert not any("hush-token" in text for text in (answer.error, caplog.text, repr(made)))


@QUIET_IMPORT
def test_an_address_that_apprise_does_not_know_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="Apprise knows") as error:
        channel("apprise", url="nosuch://hush-token")
    assert "hush" not in str(error.value)
