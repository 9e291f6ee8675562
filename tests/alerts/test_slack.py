"""Slack messages: snapshots of every kind, Block Kit's limits, and what a webhook does with them."""

import json
import logging
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import get_args

import pytest
from examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from alerts.alert import Alert, Contributor, Kind
from alerts.channels.base import Accepted, ChannelSettings, Refused
from alerts.channels.mrkdwn import escape, listed
from alerts.channels.slack import SLACK, payload
from alerts.channels.slack_blocks import Pages
from alerts.detect.budget import BudgetFacts, budget_alerts
from alerts.detect.drivers import CostPart, drivers_of
from alerts.detect.drivers_told import with_drivers
from alerts.detect.drops import spend_drops
from alerts.detect.freshness import SourceFacts, stale_sources
from alerts.detect.gpu_hours import GpuHour, GpuRate
from alerts.detect.idle_gpu import gpu_findings, idle_gpus
from alerts.detect.policies.policies import breaches_of, policy_findings
from alerts.detect.policies.rules import Held, HourCost, PolicyRule
from alerts.detect.restatement import RestatedDay, restatements
from alerts.detect.runaway import runaway_spend
from alerts.detect.spend import spend_anomalies
from alerts.detect.spend_series import SpendDay, SpendSeries
from alerts.detect.unattributed import UnattributedDay, rising_unattributed
from alerts.detect.unit_cost import unit_cost_drifts
from alerts.detect.unit_cost_series import UnitDay, UnitSeries
from alerts.detect.unpriced import UnpricedModel, unpriced_models
from alerts.digest import DAYS, DigestFacts, Newcomer, Period, ServiceSpend, digest_message
from alerts.pipeline import probe
from alerts.ports import Message, MessageKind

SNAPSHOTS = Path(__file__).parent / "snapshots"
REGENERATE = "ATTRIBUTOR_REGENERATE_SNAPSHOTS"
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
PAGES = Pages("https://costs.example.com", lambda alert: f"/charts/{alert.kind}.png" if alert.chart else None)


def days(count: int) -> list[date]:
    return [date.fromordinal(date(2026, 11, 19).toordinal() - back) for back in range(count - 1, -1, -1)]


def idle() -> Alert:
    hours = [
        GpuHour(
            "gpu-prod",
            f"GPU-{number}",
            "search",
            f"node-{number}",
            NOW.replace(hour=hour, minute=0),
            Decimal("1.5"),
            Decimal(1),
        )
        for number in range(7)
        for hour in range(number % 3, 8)
    ]
    return idle_gpus(hours, {"gpu-prod": GpuRate(Decimal("4.10"), "USD")}, NOW).alerts[0]


def spend() -> Alert:
    amounts = [Decimal(100 + day.weekday()) for day in days(59)] + [Decimal("512.34")]
    series = SpendSeries("search", "Bedrock", "USD", None, tuple(map(SpendDay, days(60), amounts)))
    (alert,) = spend_anomalies([series], NOW).alerts
    parts = [
        CostPart({"model": model, "key": key}, Fraction(cost), Fraction(usual))
        for model, key, cost, usual in (
            ("opus-5", "ci-bot", "392.1", "4.5"),
            ("opus-5", "R&D <eu>", "61.24", "43.25"),
            ("haiku", "R&D <eu>", "59", "56.14"),
        )
    ]
    found = drivers_of(parts, ("model", "key"))
    assert found is not None
    return with_drivers(alert, found)


def budget() -> Alert:
    facts = BudgetFacts(
        "search",
        "2026-11",
        "EUR",
        Decimal("43210.50"),
        Decimal(42000),
        forecast=Decimal(66000),
        services=(Contributor("EC2", Decimal(30000)), Contributor("S3", Decimal("13210.50"))),
        daily=tuple((day, Decimal("2274.236842")) for day in days(19)),
    )
    return budget_alerts([facts], NOW).alerts[0]


def freshness() -> Alert:
    facts = SourceFacts(
        "aws",
        NOW.replace(day=15),
        NOW.replace(month=1),
        error="AccessDenied",
        permanent=True,
        failing_since=NOW.replace(day=16),
    )
    return stale_sources([facts], NOW).alerts[0]


def restatement() -> Alert:
    restated = [RestatedDay("aws", day, Decimal(1000), Decimal(1000 + 7 * day.day), "USD", NOW) for day in days(8)]
    return restatements(restated, NOW).alerts[0]


def unattributed() -> Alert:
    shares = [Decimal(20)] * 57 + [Decimal(90)] * 3
    history = [UnattributedDay(day, share, Decimal(1000), True) for day, share in zip(days(60), shares, strict=True)]
    return rising_unattributed(history, "USD", [Contributor("account 3333", Decimal(210))], NOW).alerts[0]


def unpriced() -> Alert:
    counts = (("tokens.input", Decimal(12_000)), ("tokens.output", Decimal(340)))
    days_of = (NOW.date().replace(day=18), NOW.date())
    reason = ("the model is not in the list",)
    found = UnpricedModel("search", "openai", "mystery-9", ("gateway",), ("llm",), *days_of, counts, reason)
    return unpriced_models([found]).alerts[0]


def digest(period: Period) -> Message:
    end = NOW.date()
    services = (
        ServiceSpend("Bedrock", Decimal("512.34"), Decimal("103.89")),
        ServiceSpend("EC2 <eu>", Decimal(300), Decimal(310)),
        ServiceSpend("", Decimal(12), Decimal(0)),
    )
    facts = DigestFacts(
        team="search",
        name="Search & Ads",
        period=period,
        first=end - timedelta(days=DAYS[period]),
        end=end,
        currency="USD",
        month_so_far=Decimal(30120),
        services=services,
        idle=Decimal("44.5"),
        days=tuple((day, Decimal(100)) for day in days(28)),
        alerts=(spend(), idle(), budget(), unpriced()),
        link="/teams/search?month=2026-11",
        budget=Decimal(42000),
        forecast=Decimal(45100),
        newcomers=(Newcomer("model", "opus-5", Decimal(120)),),
    )
    return digest_message(facts, "id-1", "slack", NOW)


def message(*alerts: Alert, kind: str = "firing") -> Message:
    return Message("id-1", f"{alerts[0].team}:{alerts[0].kind}", "slack", kind, alerts[0].team, alerts, NOW)


def of_condition(place: int) -> Alert:
    stretch = [{}, {"low_stretch": Decimal(1)}, {"saturated_stretch": Decimal(1)}][place]
    hour = NOW.replace(minute=0) - timedelta(hours=1)
    used = [Decimal(0), Decimal(25), Decimal(98)][place]
    found = GpuHour("gpu-prod", "GPU-7", "search", "node-1", hour, used, Decimal(1), holder="train/job-7", **stretch)
    return gpu_findings([found], {"gpu-prod": GpuRate(Decimal("4.10"), "USD")}, NOW)[place].alerts[0]


def policy() -> Alert:
    usual = [
        SpendDay(NOW.date() - timedelta(days=back), Decimal(300 if back == 0 else 100)) for back in range(10, -1, -1)
    ]
    held = Held(spend=[SpendSeries("search", "Bedrock", "USD", None, tuple(usual))])
    rule = PolicyRule("doubled spend", "daily_spend", factor=Decimal(2))
    return policy_findings(breaches_of([rule], held, NOW), NOW).alerts[0]


def unit_cost() -> Alert:
    days = [
        UnitDay(NOW.date() - timedelta(days=back), Decimal(640 if back < 3 else 400 + back % 5), Decimal(400_000))
        for back in range(40, -1, -1)
    ]
    of_all = UnitSeries("search", "requests", 1000, "USD", "cost of models", tuple(days))
    found = unit_cost_drifts([of_all, replace(of_all, model="opus-5")], {("search", "USD"): 500.0})
    return found.alerts[0]


def drop() -> Alert:
    days = [
        SpendDay(NOW.date() - timedelta(days=back), Decimal(12 if back < 3 else 400 + back % 5))
        for back in range(40, -1, -1)
    ]
    series = SpendSeries("search", "Bedrock", "USD", None, tuple(days))
    return spend_drops([series], {("search", "USD"): 500.0}, NOW)[0]


def runaway() -> Alert:
    costs = [("opus-5", Decimal(480)), ("haiku-5", Decimal(31))]
    now = NOW.replace(minute=0)
    running = [HourCost("search", model, "USD", now, cost) for model, cost in costs]
    before = [HourCost("search", "opus-5", "USD", now - timedelta(hours=30 + back), Decimal(20)) for back in range(20)]
    return runaway_spend([*before, *running], NOW).alerts[0]


def several() -> list[Alert]:
    return [
        replace(spend(), key=f"spend:search:S{number}:2026-11-19", title=f"Spend spike: S{number}")
        for number in range(40)
    ]


EXAMPLES = {
    "idle_gpu": lambda: message(idle()),
    "low_gpu": lambda: message(of_condition(1)),
    "saturated_gpu": lambda: message(of_condition(2)),
    "idle_gpu_resolved": lambda: message(idle(), kind="resolved"),
    "spend_anomaly": lambda: message(spend()),
    "spend_anomaly_many": lambda: message(*several()),
    "spend_anomaly_many_resolved": lambda: message(*several(), kind="resolved"),
    "policy": lambda: message(policy()),
    "unit_cost": lambda: message(unit_cost()),
    "spend_drop": lambda: message(drop()),
    "runaway": lambda: message(runaway()),
    "budget": lambda: message(budget()),
    "freshness": lambda: message(freshness()),
    "restatement": lambda: message(restatement()),
    "unattributed": lambda: message(unattributed()),
    "unpriced": lambda: message(unpriced()),
    "test": lambda: probe("slack", NOW),
    "digest_day": lambda: digest("day"),
    "digest_week": lambda: digest("week"),
    "spend_anomaly_escalated": lambda: replace(message(spend()), note="nobody acknowledged it for 4 h"),
    "spend_anomaly_acknowledged": lambda: replace(
        message(spend(), kind="acknowledged"), note="acknowledged by ana: a load test"
    ),
    "spend_anomaly_many_acknowledged": lambda: replace(
        message(*several(), kind="acknowledged"), note="snoozed until 2026-11-21 08:30 UTC by ana"
    ),
    "spend_anomaly_with_buttons": lambda: message(spend()),
    "spend_anomaly_many_with_buttons": lambda: message(*several()),
}


def pages_of(name: str) -> Pages:
    return replace(PAGES, buttons=name.endswith("with_buttons"))


def test_every_kind_of_message_has_a_snapshot():
    assert {build().kind for build in EXAMPLES.values()} == set(get_args(MessageKind))


def test_every_kind_of_alert_has_a_snapshot():
    assert {build().alerts[0].kind for build in EXAMPLES.values()} == set(get_args(Kind))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_message_looks_as_it_did(name):
    """Run with ATTRIBUTOR_REGENERATE_SNAPSHOTS=1 to write what is made now, then read the difference."""
    text = json.dumps(payload(EXAMPLES[name](), pages_of(name)), indent=1, ensure_ascii=False) + "\n"
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get(REGENERATE):
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_message_is_valid_block_kit(name):
    assert_valid(payload(EXAMPLES[name](), pages_of(name)))


def test_a_resolved_message_looks_different_from_a_firing_one():
    firing, resolved = (payload(EXAMPLES[name](), PAGES)["blocks"] for name in ("idle_gpu", "idle_gpu_resolved"))
    assert firing[0]["text"]["text"].startswith("🔴 CRITICAL · search · 7 GPUs idle")
    assert resolved[0]["text"]["text"].startswith("✅ RESOLVED · search · 7 GPUs idle")
    assert "~7 GPUs idle in gpu-prod~ is over" in resolved[1]["text"]["text"]


def test_a_message_without_public_pages_has_no_links_and_no_picture():
    types = {block["type"] for block in payload(EXAMPLES["spend_anomaly"](), Pages())["blocks"]}
    assert types == {"header", "section", "context"}


def test_a_name_cannot_call_the_whole_channel(alert):
    evil = "<!channel> & <https://evil.example|click>"
    made = alert(title=evil, summary=evil, team=evil, contributors=(Contributor(evil, Decimal(1), evil),))
    for shown in (message(made), message(made, made), message(made, kind="resolved")):
        document = payload(shown, PAGES)
        texts = [document["text"], *mrkdwn_texts(document["blocks"])]
        assert all("<!channel>" not in text and "<https://evil" not in text for text in texts)
        assert "&lt;!channel&gt; &amp; &lt;https" in document["text"]


TEXTS = st.text(max_size=60) | st.text(alphabet="<>&|`*_~!@# ab", max_size=8).map(lambda text: text * 800)
AMOUNTS = st.none() | st.decimals(min_value=-(10**15), max_value=10**15, places=12)
CONTRIBUTORS = st.lists(st.builds(Contributor, label=TEXTS, amount=AMOUNTS, note=TEXTS), max_size=7).map(tuple)
ALERTS = st.builds(
    Alert,
    key=TEXTS,
    kind=st.sampled_from(get_args(Kind)),
    team=TEXTS,
    severity=st.sampled_from(["info", "warning", "critical"]),
    title=TEXTS,
    summary=TEXTS,
    started_at=st.just(NOW),
    currency=st.sampled_from(["", "USD", "EUR", "XYZ"]),
    amount=AMOUNTS,
    threshold=AMOUNTS,
    contributors=CONTRIBUTORS,
    link=TEXTS.map(lambda text: f"/{text}"),
    facts=st.dictionaries(TEXTS, TEXTS, max_size=12),
)


@settings(max_examples=at_most(40), deadline=None)
@given(
    alerts=st.lists(ALERTS, min_size=1, max_size=11),
    kind=st.sampled_from(get_args(MessageKind)),
    note=st.just("") | TEXTS,
)
def test_any_alert_gives_valid_blocks(alerts, kind, note):
    pages = Pages("https://costs.example.com", lambda _: "/chart.png", buttons=True)
    assert_valid(payload(replace(message(*alerts, kind=kind), note=note), pages))


@given(st.text())
def test_escaped_text_holds_no_control_sequence(text):
    assert not set("<>") & set(escape(text))


def test_a_list_that_is_cut_says_how_many_are_left():
    assert listed(["a", "b", "c", "d"], most=2, limit=100) == "a\nb\n… and 2 more"
    assert listed(["a" * 50, "b" * 50], most=5, limit=80) == "a" * 50 + "\n… and 1 more"
    assert listed(["a", "b"], most=2, limit=100) == "a\nb"


def settings_for(url: str, **extra: object) -> ChannelSettings:
    return ChannelSettings("slack", {"webhook_url": url}, StringIO(), lambda: NOW, **extra)


def test_the_webhook_gets_text_and_blocks(far_side):
    channel = SLACK.build(settings_for(f"{far_side.url}/services/T1/B1/s3cret"))
    assert channel.send(message(budget())) == Accepted()
    document = far_side.requests[0].document
    assert far_side.requests[0].path == "/services/T1/B1/s3cret"
    assert document["text"].startswith("CRITICAL · search · Over budget (2026-11)")
    assert [block["type"] for block in document["blocks"]][:2] == ["header", "section"]


def test_where_slack_refuses_the_blocks_the_text_is_sent(far_side, reply):
    far_side.replies = [reply(400, "invalid_blocks")]
    assert SLACK.build(settings_for(far_side.url)).send(message(budget())) == Accepted()
    assert list(far_side.requests[1].document) == ["text"]


@pytest.mark.parametrize("code", [302, 400, 403, 404, 410])
def test_an_answer_that_will_not_change_is_permanent(far_side, reply, code):
    far_side.replies = [reply(code, "no_service")]
    assert SLACK.build(settings_for(far_side.url)).send(message(budget())) == Refused(
        f"127.0.0.1 answered {code}: no_service"
    )


def test_the_webhook_address_is_in_no_error_log_or_repr(far_side, reply, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"{far_side.url}/services/T1/B1/s3cret?token=also"
    settings = settings_for(url)
    channel = SLACK.build(settings)
    far_side.replies = [reply(404, f"Cannot POST /services/T1/B1/s3cret?token=also at {url}")]
    told = [repr(channel.send(message(budget()))), repr(channel), repr(settings), caplog.text]
    assert not any("s3cret" in text or "also" in text for text in told)


@pytest.mark.parametrize(
    "url", ["", "hooks.slack.com/s3cret", "ftp://host/s3cret", "https:///s3cret", "http://host:notaport"]
)
def test_an_address_that_is_no_url_is_refused_without_showing_it(url):
    with pytest.raises(ValueError, match="URL") as error:
        SLACK.build(settings_for(url))
    assert "s3cret" not in str(error.value)


def mrkdwn_texts(node: object) -> list[str]:
    if isinstance(node, list):
        return [text for each in node for text in mrkdwn_texts(each)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if node.get("type") == "mrkdwn" else []
    return own + [text for each in node.values() for text in mrkdwn_texts(each)]


def assert_valid(document: dict[str, object]) -> None:
    """Check with slack_sdk's models, and the limits that they do not check."""
    blocks = document["blocks"]
    assert 1 <= len(blocks) <= 50
    assert len(document["text"]) <= 4000
    for block in blocks:
        Block.parse(block).validate_json()
        if block["type"] == "section":
            assert 1 <= len(block["text"]["text"] if "text" in block else "fields") <= 3000
            assert len(block.get("fields", [])) <= 10
            assert all(1 <= len(each["text"]) <= 2000 for each in block.get("fields", []))
        if block["type"] == "header":
            assert 1 <= len(block["text"]["text"]) <= 150
            assert block["text"]["type"] == "plain_text"
        if block["type"] == "actions":
            assert len(block["elements"]) <= 25
            assert all(len(each.get("url", "")) <= 3000 for each in block["elements"])
            assert all(len(each["text"]["text"]) <= 75 for each in block["elements"])
            assert all(len(each.get("value", "")) <= 2000 for each in block["elements"])
        if block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
            assert all(1 <= len(each["text"]) <= 3000 for each in block["elements"])
        if block["type"] == "image":
            assert len(block["image_url"]) <= 3000
            assert 1 <= len(block["alt_text"]) <= 2000
