"""The outbox against a real HTTP server that is slow, busy, broken, away or gone."""

import copy
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.alert import Findings
from alerts.channels.base import Postponed
from alerts.channels.posting import Address, post
from alerts.channels.webhook import WebhookChannel
from alerts.delivery import Patience, deliver
from alerts.pipeline import probe, process

EC2, S3 = "spend:search:EC2:2026-11-19", "spend:ads:S3:2026-11-19"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = 1 / 60


def test_a_channel_that_asks_for_rest_is_left_alone_until_then(timeline, alert, far_side, reply, between):
    far_side.replies = [reply(429, "rate_limited", {"Retry-After": "120"})]
    timeline.at(1.0, alert(EC2))
    assert timeline.deliver(1.0 + 1.9 * MINUTE).attempts == ()
    timeline.deliver(1.0 + 2.1 * MINUTE)
    assert len(far_side.requests) == 2
    assert timeline.log.failures() == []


def test_a_second_message_does_not_disturb_a_channel_that_asked_for_rest(timeline, alert, far_side, reply):
    far_side.replies = [reply(429, "rate_limited", {"Retry-After": "120"})]
    timeline.at(1.0, alert(EC2))
    timeline.at(1.0 + MINUTE, alert(EC2), alert(S3, team="ads"))
    assert len(far_side.requests) == 1
    timeline.deliver(1.0 + 2.1 * MINUTE)
    assert len(far_side.requests) == 3


@pytest.mark.parametrize("trouble", ["429", "500", "503", "timeout", "refused", "dns"])
def test_a_channel_that_is_down_for_an_hour_hears_everything_once_afterwards(
    timeline, alert, far_side, reply, trouble, monkeypatch
):
    working = timeline.channels["slack"]
    if trouble.isdigit():
        far_side.always = reply(int(trouble), "down")
    elif trouble == "timeout":
        timeline.channels["slack"] = replace(working, address=Address(f"{far_side.url}/slack", 0.05))
        far_side.always = reply(hangs=0.2)
    else:
        monkeypatch.setattr(socket, "getaddrinfo", without_unknown_hosts(socket.getaddrinfo))
        away = "http://no-such-host.invalid/slack" if trouble == "dns" else f"http://127.0.0.1:{unused_port()}/slack"
        timeline.channels["slack"] = replace(working, address=Address(away, 2.0))
    timeline.at(0.0, alert(EC2))
    timeline.at(0.2, alert(EC2), alert(S3, team="ads"))
    for step in range(3, 12):
        timeline.deliver(step / 12)
    assert {delivery.state for delivery in timeline.log.outbox.values()} == {"pending"}
    assert timeline.log.failures()[0].error
    timeline.at(0.95, alert(S3, team="ads"))

    timeline.channels["slack"], far_side.always = working, None
    heard_before = len(timeline.heard)
    for step in range(20):
        timeline.deliver(1.1 + step * 5 * MINUTE)
    after = [(each.kind, each.keys) for each in timeline.heard[heard_before:]]
    assert sorted(after) == [("firing", (S3,)), ("firing", (EC2,)), ("resolved", (EC2,))]
    assert after.index(("firing", (EC2,))) < after.index(("resolved", (EC2,)))
    assert {delivery.state for delivery in timeline.log.outbox.values()} == {"sent"}


def test_a_webhook_that_is_gone_fails_for_good_and_is_visible(timeline, alert, far_side, reply):
    far_side.replies = [reply(404, "no_service")]
    timeline.at(1.0, alert(EC2))
    timeline.deliver(5.0)
    assert len(far_side.requests) == 1
    assert [(each.state, each.error) for each in timeline.log.failures()] == [
        ("failed", "127.0.0.1 answered 404: no_service")
    ]


def test_a_message_to_a_channel_that_is_not_configured_fails_visibly(timeline, alert):
    timeline.channels.clear()
    timeline.at(1.0, alert(EC2))
    assert [each.error for each in timeline.log.failures()] == ["no channel named slack is configured"]


def test_waits_double_and_stay_below_a_quarter_of_an_hour(timeline, alert, far_side, reply):
    far_side.always = reply(500)
    timeline.at(0.0, alert(EC2))
    waits = []
    for _ in range(8):
        due = next(iter(timeline.log.outbox.values())).due_at
        waits.append(due - timeline.now())
        timeline.deliver((due - NOW) / timedelta(hours=1))
    assert [wait.total_seconds() for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_message_is_given_up_after_days_and_says_so(timeline, alert, far_side, reply):
    far_side.always = reply(500, "down")
    timeline.at(0.0, alert(EC2))
    report = timeline.deliver(73.0)
    assert [attempt.result for attempt in report.attempts] == ["failed"]
    assert timeline.log.failures()[0].error == "given up after 2 attempts: 127.0.0.1 answered 500: down"


def test_a_crash_between_accepting_and_recording_repeats_that_message_once(timeline, alert, far_side, monkeypatch):
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(timeline.log, "mark_sent", crash)
    with pytest.raises(KeyboardInterrupt):
        timeline.at(1.0, alert(EC2))
    monkeypatch.undo()
    assert timeline.deliver(1.0 + MINUTE).attempts == ()
    timeline.deliver(1.0 + 2.1 * MINUTE)
    timeline.deliver(2.0)
    assert len(far_side.requests) == 2
    first, second = (request.document["id"] for request in far_side.requests)
    assert first == second


def test_a_crash_before_sending_loses_nothing(timeline, alert, far_side):
    findings = [Findings("spend_anomaly", (alert(EC2),))]
    process(findings, timeline.log, timeline.policy, NOW)
    restarted = copy.deepcopy(timeline.log)
    process(findings, restarted, timeline.policy, NOW + timedelta(minutes=1))
    deliver(restarted, timeline.channels, lambda: NOW + timedelta(minutes=1))
    assert [request.document["status"] for request in far_side.requests] == ["firing"]


def test_two_senders_at_once_send_each_message_once(timeline, alert, far_side):
    """While the first sender waits for the answer, a second one empties the same outbox."""

    @dataclass
    class Interrupted:
        name: str
        inner: WebhookChannel

        def send(self, message):
            deliver(timeline.log, {"slack": self.inner}, lambda: NOW)
            return self.inner.send(message)

    process([Findings("spend_anomaly", (alert(EC2),))], timeline.log, timeline.policy, NOW)
    deliver(timeline.log, {"slack": Interrupted("slack", timeline.channels["slack"])}, lambda: NOW)
    assert len(far_side.requests) == 1


def test_one_message_that_a_channel_cannot_take_does_not_starve_the_others(timeline, alert, far_side, reply):
    far_side.replies = [reply(500), reply(500)]
    timeline.at(0.0, alert(EC2))
    timeline.deliver(0.6 * MINUTE)
    timeline.at(0.7 * MINUTE, alert(EC2), alert(S3, team="ads"))
    far_side.replies = []
    timeline.deliver(2.0 * MINUTE)
    assert [each.keys for each in timeline.heard[-2:]] == [(S3,), (EC2,)]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("Fri, 20 Nov 2026 00:01:30 GMT", 90), ("999999999999", 3600), ("soon", None), ("-5", None)],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(far_side, reply, header, seconds):
    far_side.replies = [reply(429, "", {"Retry-After": header})]
    answer = post(Address(far_side.url), b"{}", {}, NOW)
    assert isinstance(answer, Postponed)
    assert answer.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_patience_can_be_shortened(timeline, alert, far_side, reply):
    far_side.always = reply(500)
    timeline.at(0.0, alert(EC2))
    timeline.deliver(1.0, Patience(give_up_after=timedelta(minutes=30)))
    assert [each.state for each in timeline.log.failures()] == ["failed"]


def test_a_channel_speaks_to_its_own_address_only(far_side, alert):
    channel = WebhookChannel("ops", Address(f"{far_side.url}/hooks/ops?key=1"), lambda: NOW)
    channel.send(probe("ops", NOW))
    assert [request.path for request in far_side.requests] == ["/hooks/ops?key=1"]


def without_unknown_hosts(resolve):
    """Answer as a resolver does for a name that does not exist, so that no question leaves this machine."""

    def answer(host, *arguments, **options):
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    return answer


def unused_port() -> int:
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        port: int = probe_socket.getsockname()[1]
        return port
