"""A Slack bot against a server that keeps conversations as Slack does: posts, updates, threads and files."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from alerts.alert import Handling
from alerts.channels.base import Accepted, ChannelSettings, Postponed, Refused
from alerts.channels.slack_bot import SLACK_BOT
from alerts.pipeline import probe
from alerts.policy import Policy, Route

EC2, S3 = "spend:search:EC2:2026-11-19", "spend:search:S3:2026-11-19"
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
TOKEN = "xoxb-hush"


@dataclass
class Memory:
    kept: dict[str, str] = field(default_factory=dict)

    def recall(self, name: str) -> str | None:
        return self.kept.get(name)

    def keep(self, name: str, value: str, now: datetime) -> None:
        self.kept[name] = value


class Slack:
    """Gives the far side the manners of Slack's Web API."""

    def __init__(self, far_side: Any, reply: Any) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.files: list[bytes] = []
        self.refusals: dict[str, list[Any]] = {}
        self.url = f"{far_side.url}/api"
        self.far_side, self.reply = far_side, reply
        far_side.answering = self.answer

    def answer(self, request: Any) -> Any:
        method = request.path.rsplit("/", 1)[-1]
        if method == "put-file":
            self.files.append(request.body)
            return self.reply(200, "OK")
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        asked = json.loads(request.body) if method != "files.getUploadURLExternal" else request.body.decode()
        self.calls.append((method, asked))
        if self.refusals.get(method):
            refusal = self.refusals[method].pop(0)
            return refusal if not isinstance(refusal, str) else self.said(ok=False, error=refusal)
        if method == "chat.postMessage":
            ts = f"170000.{len(self.posts):06}"
            self.posts[ts] = asked
            return self.said(channel="C1", ts=ts)
        if method == "chat.update":
            self.posts[asked["ts"]] |= asked
        if method == "files.getUploadURLExternal":
            return self.said(upload_url=f"{self.far_side.url}/put-file", file_id="F1")
        return self.said()

    def said(self, ok: bool = True, **more: Any) -> Any:
        return self.reply(200, json.dumps({"ok": ok, **more}))

    @property
    def roots(self) -> list[dict[str, Any]]:
        return [post for post in self.posts.values() if "thread_ts" not in post]

    @property
    def thread(self) -> list[str]:
        return [post["text"].splitlines()[0] for post in self.posts.values() if "thread_ts" in post]


@pytest.fixture
def slack(far_side, reply):
    return Slack(far_side, reply)


def bot(slack, memory=None, clock=lambda: NOW, chart=lambda _: None, **options):
    given = {"bot_token": TOKEN, "channel": "#costs", "url": slack.url, "signing_secret": "s1", **options}
    made = ChannelSettings("bot", given, StringIO(), clock, "https://costs.example.com", memory=memory or Memory())
    return SLACK_BOT.build(replace(made, chart_png=chart))


@pytest.fixture
def timeline(timeline_of, slack):
    made = timeline_of(Policy((Route(("bot",), repeat=timedelta(days=9)),), following=frozenset({"bot"})))
    made.channels["bot"] = bot(slack, clock=made.now)
    return made


def test_an_incident_is_one_message_kept_up_to_date_and_a_thread(timeline, slack, alert):
    timeline.run(1.0, alert(EC2))
    timeline.run(2.0, alert(EC2), alert(S3))
    state = timeline.log.known[EC2]
    handling = Handling("ana", timeline.now())
    timeline.log.record([replace(state, status="acknowledged", handling=handling)], [], {})
    timeline.run(3.0, alert(EC2), alert(S3))
    [root] = slack.roots
    assert root["blocks"][0]["text"]["text"] == "🟠 WARNING · search · 2 spend anomalies"
    assert root["blocks"][-1]["elements"][0]["text"] == "acknowledged by ana"
    timeline.run(4.0, alert(EC2))
    timeline.run(5.0)
    [root] = slack.roots
    assert root["blocks"][0]["text"]["text"].startswith("✅ RESOLVED · search")
    assert not any(block["type"] == "actions" and len(block["elements"]) > 1 for block in root["blocks"])
    assert slack.thread == [
        "WARNING · search · 2 spend anomalies",
        "ACKNOWLEDGED · search · Spend spike: EC2",
        "RESOLVED · search · Spend spike: EC2",
        "RESOLVED · search · Spend spike: EC2",
    ]
    timeline.run(6.0, alert(EC2))
    assert len(slack.roots) == 2


def test_what_fires_has_buttons_that_name_the_message(slack, alert, timeline):
    timeline.run(1.0, alert(EC2))
    [root] = slack.roots
    [actions] = [block for block in root["blocks"] if block["type"] == "actions"]
    found = {element["action_id"]: element.get("value") for element in actions["elements"] if "value" in element}
    assert list(found) == ["acknowledge", "snooze", "not_a_problem"]
    assert set(found.values()) == set(timeline.log.outbox)
    nobody = replace(bot(slack, signing_secret=""), memory=Memory())
    assert nobody.pages.buttons is False


def test_the_chart_goes_into_the_thread_by_upload(slack, alert):
    timed = bot(slack, chart=lambda _: b"\x89PNG-bytes")
    message = replace(probe("bot", NOW), kind="firing", alerts=(alert(EC2),), incident="i1")
    assert timed.send(message) == Accepted()
    assert slack.files == [b"\x89PNG-bytes"]
    assert slack.calls[-1] == (
        "files.completeUploadExternal",
        {"files": [{"id": "F1", "title": "chart.png"}], "channel_id": "C1", "thread_ts": "170000.000000"},
    )
    assert "length=10" in dict(slack.calls)["files.getUploadURLExternal"]


def test_a_chart_that_is_not_taken_costs_no_message(slack, alert):
    slack.refusals["files.getUploadURLExternal"] = ["missing_scope"]
    message = replace(probe("bot", NOW), kind="firing", alerts=(alert(EC2),), incident="i1")
    assert bot(slack, chart=lambda _: b"png").send(message) == Accepted()


def test_a_message_that_is_repeated_after_a_crash_is_not_posted_again(slack, alert):
    memory = Memory()
    message = replace(probe("bot", NOW), kind="firing", alerts=(alert(EC2),), incident="i1")
    assert [bot(slack, memory).send(message) for _ in range(2)] == [Accepted(), Accepted()]
    assert len(slack.posts) == 1


def test_where_the_message_of_an_incident_is_gone_a_new_one_begins(slack, alert):
    memory = Memory()
    first = replace(probe("bot", NOW), kind="firing", alerts=(alert(EC2),), incident="i1")
    bot(slack, memory).send(first)
    slack.refusals["chat.update"] = ["message_not_found"]
    assert bot(slack, memory).send(replace(first, id="second")) == Accepted()
    assert len(slack.roots) == 2


def test_a_team_hears_in_its_own_conversation(slack, alert):
    made = bot(slack, team_channels={"search": "#search-costs"})
    made.send(replace(probe("bot", NOW), team="search", alerts=(alert(EC2),)))
    made.send(replace(probe("bot", NOW), team="ads", alerts=(alert(EC2),)))
    assert [asked["channel"] for _, asked in slack.calls] == ["#search-costs", "#costs"]


def test_where_slack_refuses_the_blocks_the_text_is_sent(slack):
    slack.refusals["chat.postMessage"] = ["invalid_blocks"]
    assert bot(slack).send(probe("bot", NOW)) == Accepted()
    assert slack.roots[0]["blocks"] == []


def test_what_slack_refuses_is_permanent_and_what_passes_is_tried_again(slack, reply):
    slack.refusals["chat.postMessage"] = [
        "not_in_channel",
        "internal_error",
        reply(429, "", {"Retry-After": "30"}),
        reply(200, "<html>"),
    ]
    answers = [bot(slack).send(probe("bot", NOW)) for _ in range(4)]
    assert answers[0] == Refused("Slack answered chat.postMessage: not_in_channel")
    assert answers[1] == Postponed("Slack answered chat.postMessage: internal_error")
    assert answers[2] == Postponed("127.0.0.1 answered 429", timedelta(seconds=30))
    assert isinstance(answers[3], Postponed)


def test_the_token_and_the_secrets_are_in_no_repr(slack):
    text = repr(bot(slack, app_token="xapp-hush", signing_secret="hush-s"))
    assert "hush" not in text
