"""The console and the generic webhook, and what every channel has in common."""

import hashlib
import hmac
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest

from alerts.alert import Contributor
from alerts.channels.base import Accepted, ChannelSettings
from alerts.channels.registry import built_in
from alerts.pipeline import probe
from alerts.ports import Message

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
CHANNELS = built_in()


def message(*alerts, kind="firing"):
    return Message("id-1", "search:spend_anomaly", "ops", kind, "search", alerts, NOW)


def settings(stream=None, **options):
    return ChannelSettings("ops", options, stream or StringIO(), lambda: NOW, "https://costs.example.com")


def test_the_console_writes_readable_lines(alert):
    stream = StringIO()
    assert CHANNELS["console"].build(settings(stream)).send(message(alert())) == Accepted()
    assert stream.getvalue() == (
        "[2026-11-20 08:30 UTC] WARNING · search · Spend spike: EC2\n"
        "  Spend spike: EC2 ($512.00 against $140.00)\n"
        "    EC2 cost $512.00 on 2026-11-19; usual is $100.00, up to $140.00.\n"
        "    - account 1111 $400.10 (78 %)\n"
        "    - account 2222\n"
        "    https://costs.example.com/teams/search?month=2026-11\n"
    )


def test_the_console_says_what_resolved_and_cuts_long_lists(alert):
    stream = StringIO()
    many = [alert(f"spend:search:S{number}:2026-11-19") for number in range(30)]
    CHANNELS["console"].build(settings(stream)).send(message(*many, kind="resolved"))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "[2026-11-20 08:30 UTC] RESOLVED · search · 30 spend anomalies"
    assert lines[-1] == "  … and 10 more"


def test_the_console_obeys_no_control_characters(alert):
    stream = StringIO()
    CHANNELS["console"].build(settings(stream)).send(message(alert(title="\x1b[2Jgone\nWARNING · forged")))
    assert "\x1b" not in stream.getvalue()
    assert not any(line.startswith("WARNING · forged") for line in stream.getvalue().splitlines())


def test_the_webhook_posts_the_documented_json_with_exact_amounts(far_side, alert):
    made = alert(amount=Decimal("1E+9"), contributors=(Contributor("tiny", Decimal("1E-12")),))
    channel = CHANNELS["webhook"].build(settings(url=far_side.url, headers={"Authorization": "Bearer t0ken"}))
    assert channel.send(message(made)) == Accepted()
    request = far_side.requests[0]
    assert request.headers["Authorization"] == "Bearer t0ken"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-Attributor-Message"] == "id-1"
    assert "X-Attributor-Signature" not in request.headers
    document = request.document
    assert (document["version"], document["status"], document["team"]) == ("1", "firing", "search")
    assert document["alerts"][0] == {
        "key": "spend:search:EC2:2026-11-19",
        "kind": "spend_anomaly",
        "team": "search",
        "severity": "warning",
        "title": "Spend spike: EC2",
        "summary": made.summary,
        "started_at": "2026-11-19T00:00:00+00:00",
        "currency": "USD",
        "amount": "1000000000",
        "threshold": "140",
        "contributors": [{"label": "tiny", "amount": "0.000000000001", "note": ""}],
        "chart": [],
        "link": "https://costs.example.com/teams/search?month=2026-11",
        "facts": {},
    }


def test_the_webhook_signs_timestamp_and_body_with_its_secret(far_side, alert):
    channel = CHANNELS["webhook"].build(settings(url=far_side.url, secret="k3y"))
    channel.send(message(alert()))
    request = far_side.requests[0]
    signed = request.headers["X-Attributor-Timestamp"].encode() + b"." + request.body
    assert request.headers["X-Attributor-Timestamp"] == str(int(NOW.timestamp()))
    assert request.headers["X-Attributor-Signature"] == (
        "sha256=" + hmac.new(b"k3y", signed, hashlib.sha256).hexdigest()
    )


def test_secrets_are_in_no_repr(far_side):
    options = {"url": f"{far_side.url}/p4th", "secret": "k3y", "headers": {"Authorization": "Bearer t0ken"}}
    configured = settings(**options)
    told = repr(configured) + repr(CHANNELS["webhook"].build(configured))
    assert not any(secret in told for secret in ("p4th", "k3y", "t0ken"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"url": "ftp://host"}, "http or https URL"),
        ({"url": {"a": "b"}}, "url must be a text"),
        ({"url": "http://host", "headers": "X: y"}, "headers must be a map"),
        ({"url": "http://host", "headers": {"X-A": "line\nbreak"}}, "not printable ASCII"),
    ],
)
def test_a_wrong_option_says_what_would_be_right(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        CHANNELS["webhook"].build(settings(**options))


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_every_channel_takes_a_test_message(far_side, reply):
    options = {
        "webhook": {"url": far_side.url},
        "slack": {"webhook_url": far_side.url},
        "slack-bot": {"bot_token": "t", "channel": "#costs", "url": far_side.url},
        "pagerduty": {"routing_key": "k3y", "url": far_side.url},
        "alertmanager": {"url": far_side.url},
        "apprise": {"url": f"json://{far_side.url.removeprefix('http://')}"},
        "console": {},
    }
    far_side.always = reply(200, '{"ok": true, "channel": "C1", "ts": "1.2"}')
    for name, kind in CHANNELS.items():
        assert kind.build(settings(**options[name])).send(probe(name, NOW)) == Accepted()
