"""Buttons pressed in Slack: verified by the signing secret, and done to the alerts that the message told of."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts.alert import Alert, AlertState
from alerts.ports import Message
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.audit import changes
from attributor.ledger.feedback import all_feedback
from attributor.web.slack_api import slack_routes

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
KEY = "spend:search:EC2:2026-11-19"


@pytest.fixture
def engine(ledger_engine):
    alert = Alert(KEY, "spend_anomaly", "search", "warning", "Spike", "A spike.", NOW)
    told = Message("m1", "search:spend_anomaly", "bot", "firing", "search", (alert,), NOW)
    LedgerAlertLog(ledger_engine).record([AlertState(alert, "firing", NOW, NOW)], [told], {})
    return ledger_engine


@pytest.fixture
def client(engine):
    site = FastAPI()
    site.include_router(slack_routes(engine, lambda: NOW, lambda: ["another app's", SECRET]))
    with TestClient(site) as client:
        yield client


def press(client, action="acknowledge", value="m1", secret=SECRET, at=NOW, body=None):
    action = {"action_id": action, "block_id": "b", "type": "button", **({"value": value} if value else {})}
    payload = {"type": "block_actions", "user": {"id": "U1", "username": "ana"}, "actions": [action]}
    raw = urlencode({"payload": json.dumps(payload)}).encode() if body is None else body
    stamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return client.post("/api/v1/slack/interactions", content=raw, headers=headers).status_code


def state(engine):
    return LedgerAlertLog(engine).states()[KEY]


def test_acknowledge_and_snooze_do_what_they_say(client, engine):
    assert press(client) == 200
    assert (state(engine).status, state(engine).handling.by) == ("acknowledged", "ana")
    assert press(client, "snooze") == 200
    assert state(engine).snoozed_until == NOW + timedelta(days=1)
    trail = [(each.who, each.via, each.action, each.detail) for _, each in changes(engine, 5)]
    assert trail == [
        ("ana", "slack", "snooze", f"1 snoozed for a day by ana: {KEY}"),
        ("ana", "slack", "acknowledge", f"1 acknowledged by ana: {KEY}"),
    ]


def test_not_a_problem_is_learned_and_resolves_at_once(client, engine):
    assert press(client, "not_a_problem") == 200
    [lesson] = all_feedback(engine)
    assert (lesson.learned.pattern, lesson.learned.by) == ("spend:search:EC2:*", "ana")
    assert state(engine).status == "resolved"


def test_a_link_is_a_button_that_does_nothing(client, engine):
    assert press(client, "open", value=None) == 200
    assert state(engine).status == "firing"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"secret": "not the secret"}, 401),
        ({"at": NOW - timedelta(minutes=6)}, 401),
        ({"at": NOW + timedelta(minutes=6)}, 401),
        ({"value": "no such message"}, 400),
        ({"action": "delete_everything"}, 400),
        ({"body": b"payload=%7B"}, 400),
        ({"body": b"nothing"}, 400),
        ({"body": b"x" * 300_000}, 413),
    ],
)
def test_what_is_not_genuine_or_not_understood_changes_nothing(client, engine, given, status):
    assert press(client, **given) == status
    assert state(engine).status == "firing"


def test_without_a_signature_nothing_is_done(client, engine):
    assert client.post("/api/v1/slack/interactions", content=b"payload=x").status_code == 401
