"""Runaway spend of pushed usage: told within the time that a person needs to stop it, without any cycle."""

from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

pytestmark = pytest.mark.slow
CONFIG = """
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
web: {{listen: "${{LISTEN}}"}}
sources:
  vendor: {{type: focus, path: "bills/*.csv", every: 1d}}
  gateway: {{type: push, path: events, every: 1d, token: "t0ken"}}
teams: {{search: {{}}, ads: {{}}}}
prices:
  - {{name: output, metric: tokens.output, match: {{model: opus-5}}, price: 50, per: 1000000, currency: USD}}
rules: []
alerts:
  channels: {{hook: {{type: webhook, url: "{url}"}}}}
  routes:
    - {{match: {{kind: runaway}}, channels: [hook]}}
    - {{channels: []}}
"""


@pytest.fixture
def company(make_company, monkeypatch: pytest.MonkeyPatch, hook):
    monkeypatch.setenv("LISTEN", "127.0.0.1:1")
    return make_company(CONFIG.format(url=hook.url))


def event(name: str, team: str, tokens: int, at: datetime) -> dict[str, object]:
    named = {"id": name, "time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "metric": "tokens.output", "pool": "gateway"}
    return named | {"quantity": tokens, "team": team, "model": "opus-5"}


def test_a_runaway_is_told_within_seconds_of_the_answer_and_only_once(company, start, waiting, hook, capsys) -> None:
    daemon = start(company.folder)
    now = datetime.now(UTC)

    def push(*events: dict[str, object]) -> None:
        answer = daemon.post("/api/v1/usage", json={"events": list(events)}, headers={"Authorization": "Bearer t0ken"})
        assert answer.json()["accepted"] == len(events)

    usual = [event(f"u{back}", "ads", 1_000_000, now - timedelta(hours=30 + back)) for back in range(20)]
    push(*usual, event("0", "ads", 2_000_000, now), event("1", "search", 100_000, now))
    began = monotonic()
    push(event("2", "search", 3_000_000, now))
    waiting(lambda: hook.accepted, "the message about search", 60)
    taken = monotonic() - began
    [message] = hook.accepted
    [alert] = message["alerts"]
    assert (alert["key"], alert["severity"], alert["amount"]) == ("runaway:search:USD", "critical", "155")
    assert [each["label"] for each in alert["contributors"]] == ["model opus-5"]
    push(event("3", "search", 10, now))
    waiting(lambda: monotonic() - began > taken + 25, "two more looks", 60)
    assert len(hook.accepted) == 1, "ads is within its usual, and search is told once"
    with capsys.disabled():
        print(f"\nevent accepted to alert accepted by the channel: {taken:.1f} s")
    assert taken < 120
