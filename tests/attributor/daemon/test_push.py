"""Pushed usage from the answer to the showback, through the daemon."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

pytestmark = pytest.mark.slow
YESTERDAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
MONTH = f"{YESTERDAY:%Y-%m}"
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
web: {listen: "${LISTEN}"}
sources:
  vendor: {type: focus, path: "bills/*.csv", every: 1h}
  gateway: {type: push, path: events, every: 1s, token: "${PUSH_TOKEN}"}
teams: {search: {}, ads: {}}
rules:
  - {name: models, split: {by: tokens.output, pool: gateway, per: day}}
"""
TOKEN = {"PUSH_TOKEN": "t0ken"}
BEARING = {"Authorization": "Bearer t0ken"}


@pytest.fixture
def company(make_company, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PUSH_TOKEN", "t0ken")
    monkeypatch.setenv("LISTEN", "127.0.0.1:1")
    made = make_company(CONFIG)
    start, end = (f"{day:%Y-%m-%dT00:00:00Z}" for day in (YESTERDAY, YESTERDAY + timedelta(days=1)))
    bill = f"BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n90,USD,{start},{end}\n"
    made.write("bills/vendor.csv", bill)
    return made


def costs(company) -> dict[str, str]:
    answer = company.command("showback", "--period", MONTH, "--format", "json")
    return {row["team"]: row["cost"] for row in answer.json["rows"]}


def event(name: str, team: str, quantity: object, at: datetime = YESTERDAY) -> dict[str, object]:
    return {"id": name, "time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "metric": "tokens.output", "pool": "gateway"} | {
        "quantity": quantity,
        "team": team,
    }


def batch(*events: dict[str, object]) -> dict[str, object]:
    return {"json": {"events": list(events)}, "headers": BEARING}


def lines(*events: dict[str, object]) -> dict[str, object]:
    body = "\n".join(json.dumps(each) for each in events)
    return {"content": body.encode(), "headers": BEARING | {"Content-Type": "application/x-ndjson"}}


def test_pushed_usage_drives_a_split_and_each_event_counts_once(company, start, waiting) -> None:
    daemon = start(company.folder, **TOKEN)
    waiting(lambda: costs(company) == {"unattributed": "90"}, "nobody used the models so far")
    one, two = event("1", "search", 10), event("2", "ads", 20)
    answers = [
        daemon.post("/api/v1/usage", **batch(one, two)).json(),
        daemon.post("/api/v1/usage", **batch(one, two)).json(),
        daemon.post("/api/v1/usage", **lines(two, event("3", "ads", "1e1"), event("4", "ads", -1))).json(),
    ]
    assert [(answer["accepted"], answer["duplicates"]) for answer in answers] == [(2, 0), (0, 2), (1, 1)]
    [rejected] = answers[2]["rejected"]
    assert rejected["index"] == 2
    assert "-1" in rejected["error"]
    waiting(lambda: costs(company) == {"search": "22.5", "ads": "67.5"}, "10 against 30 tokens")
    assert daemon.post("/api/v1/usage", json={"events": [one]}).status_code == 401
    assert daemon.post("/v1/traces", json={"resourceSpans": []}).status_code == 401
    assert daemon.post("/v1/traces", json={"resourceSpans": []}, headers=BEARING).json() == {}
    metrics = daemon.get("/metrics").text
    for result, count in (("accepted", 3), ("duplicate", 3), ("rejected", 1)):
        assert f'attributor_push_events_total{{result="{result}"}} {count}.0' in metrics
    assert "t0ken" not in daemon.said + metrics + daemon.get("/health").text


def test_what_was_answered_survives_a_kill_and_the_next_daemon_counts_it_once(company, start, waiting) -> None:
    daemon = start(company.folder, **TOKEN)
    waiting(daemon.is_ready, "the bill was read")
    teams = ("search", "ads", "ads")
    with ThreadPoolExecutor(4) as pool:
        sent = [batch(*(event(f"{number}-{each}", team, 1) for each, team in enumerate(teams))) for number in range(40)]
        answers = list(pool.map(lambda body: daemon.post("/api/v1/usage", **body).json(), sent))
    daemon.process.kill()
    daemon.process.wait(30)
    assert sum(answer["accepted"] for answer in answers) == 120
    again = start(company.folder, **TOKEN)
    assert again.post("/api/v1/usage", **sent[7]).json() == {"accepted": 0, "duplicates": 3, "rejected": []}
    waiting(lambda: costs(company) == {"search": "30", "ads": "60"}, "all of it, once")
    assert again.end() == 0
    log = [path.name for path in (company.folder / "events").iterdir()]
    assert [name for name in log if "torn" in name] == []


def test_an_event_is_seen_in_the_showback_within_seconds_of_its_answer(company, start, waiting, capsys) -> None:
    daemon = start(company.folder, **TOKEN)
    assert daemon.post("/api/v1/usage", **batch(event("0", "search", 1))).json()["accepted"] == 1
    waiting(lambda: costs(company) == {"search": "90"}, "the first event")
    taken = []
    for number in range(1, 4):
        assert daemon.post("/api/v1/usage", **batch(event(str(number), "ads", 1))).json()["accepted"] == 1
        began = monotonic()
        share = 90 * number / (number + 1)
        waiting(lambda share=share: float(costs(company)["ads"]) == share if "ads" in costs(company) else 0, "it")
        taken.append(monotonic() - began)
    shown = ", ".join(f"{each:.1f}" for each in taken)
    with capsys.disabled():
        print(f"\nevent accepted to visible in showback: {shown} s (read every 1 s, looked for every 0.4 s)")
    assert min(taken) < 10
