"""/api/v1/alerts and the alerts page: what stands, why, and what people do about it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from alerts.channels.base import Accepted, Answer, Refused
from alerts.ports import Message
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.feedback import all_feedback
from attributor.ledger.tables import alerts

KEY = "idle:research"
API = "/api/v1/alerts"
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    yield engine
    engine.dispose()


@dataclass(frozen=True)
class Answering:
    """A channel that answers always the same."""

    name: str
    answer: Answer

    def send(self, message: Message) -> Answer:
        assert (message.kind, message.channel) == ("test", self.name)
        return self.answer


CHANNELS = {"costs": Answering("costs", Accepted()), "gone": Answering("gone", Refused("no_service"))}
OURS = {"Origin": "http://testserver", "X-Forwarded-User": "ana"}


@pytest.fixture
def client(engine, make_site):
    return TestClient(make_site(engine, channels=lambda: CHANNELS), follow_redirects=False)


def status(engine, key=KEY):
    return LedgerAlertLog(engine).states()[key].status


def test_what_stands_is_listed_and_explained(client):
    keys = [alert["key"] for alert in client.get(API).json()["alerts"]]
    assert KEY in keys
    assert [alert["key"] for alert in client.get(API, params={"team": "research"}).json()["alerts"]] == [KEY]
    assert client.get(f"{API}/show", params={"key": KEY}).json()["alert"]["amount"] == "156"
    why = client.get(f"{API}/why", params={"key": KEY}).json()
    assert (why["key"], why["status"], why["reasons"], why["messages"]) == (KEY, "firing", [], [])
    assert client.get(f"{API}/why", params={"key": "none"}).status_code == 404


def test_alerts_are_acknowledged_let_go_and_snoozed(client, engine):
    answer = client.post(f"{API}/ack", json={"keys": [KEY, "none"], "by": "ana", "note": "mine"})
    assert answer.json() == {
        "alerts": [{"key": KEY, "status": "acknowledged", "snoozed_until": None}],
        "missing": ["none"],
    }
    assert client.post(f"{API}/ack", json={"keys": [KEY], "undo": True}).json()["alerts"][0]["status"] == "firing"
    snoozed = client.post(f"{API}/snooze", json={"keys": [KEY], "for": "1d"}).json()["alerts"][0]
    assert snoozed["snoozed_until"] == "2026-11-19T09:30:00+00:00"
    assert client.post(f"{API}/ack", json={"keys": ["none"]}).status_code == 404


def test_silences_are_set_listed_and_ended(client):
    made = client.post(f"{API}/silences", json={"team": ["ads"], "until": "2026-11-20", "reason": "move", "by": "bo"})
    assert (made.status_code, made.json()["until"]) == (201, "2026-11-20T00:00:00+00:00")
    assert client.get(f"{API}/silences").json() == {"silences": [made.json()]}
    assert "move" in client.get("/alerts").text
    assert client.delete(f"{API}/silences/{made.json()['id']}").status_code == 200
    assert client.delete(f"{API}/silences/{made.json()['id']}").status_code == 404


def test_a_channel_is_tested_and_says_whether_it_took_the_message(client):
    taken = client.post(f"{API}/test", json={"channel": "costs"})
    assert (taken.status_code, taken.json()) == (200, {"channel": "costs", "accepted": True, "error": ""})
    refused = client.post(f"{API}/test", json={"channel": "gone"}).json()
    assert refused == {"channel": "gone", "accepted": False, "error": "no_service"}
    unknown = client.post(f"{API}/test", json={"channel": "other"})
    assert (unknown.status_code, unknown.json()["detail"]) == (
        404,
        "no channel is called 'other'; known: costs, gone",
    )
    assert "Test gone" in client.get("/alerts").text
    assert "costs took the message" in client.post("/alerts/test", data={"channel": "costs"}, headers=OURS).text
    page = client.post("/alerts/test", data={"channel": "gone"}, headers=OURS)
    assert (page.status_code, "gone did not take the message: no_service" in page.text) == (502, True)
    assert (
        client.post("/alerts/test", data={"channel": "costs"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )


def test_a_silence_is_set_and_ended_on_the_page(client):
    form = {"action": "add", "team": "search ads-*", "key": "", "for": "2h", "reason": "move"}
    assert client.post("/alerts/silences", data=form, headers=OURS).status_code == 303
    [silence] = client.get(f"{API}/silences").json()["silences"]
    assert (silence["team"], silence["reason"], silence["by"]) == (["search", "ads-*"], "move", "ana")
    wrong = (form | {"for": "soon"}, form | {"reason": " "}, form | {"team": ""}, {"action": "end", "id": "x"})
    assert [client.post("/alerts/silences", data=each, headers=OURS).status_code for each in wrong] == [400] * 4
    client.post("/alerts/silences", data={"action": "end", "id": str(silence["id"])}, headers=OURS)
    assert client.get(f"{API}/silences").json()["silences"] == []


def test_what_is_planned_is_said_on_the_page_of_an_alert(client, engine):
    assert 'type="date"' in client.get("/alerts/why", params={"key": KEY}).text
    form = {"key": KEY, "action": "planned", "until": "2026-12-01", "back": "why"}
    assert client.post("/alerts/handle", data=form | {"until": "later"}, headers=OURS).status_code == 400
    assert client.post("/alerts/handle", data=form, headers=OURS).status_code == 303
    [lesson] = all_feedback(engine)
    assert (lesson.learned.lesson, lesson.learned.until.isoformat()) == ("planned", "2026-12-01T00:00:00+00:00")
    assert status(engine) == "resolved"


def test_feedback_is_given_listed_and_taken_back(client):
    made = client.post(f"{API}/feedback", json={"key": KEY, "planned_until": "2026-12-01", "by": "bo"})
    assert (made.status_code, made.json()["lesson"], made.json()["amount"]) == (201, "planned", "156")
    assert client.get(f"{API}/feedback").json() == {"feedback": [made.json()]}
    assert "planned until 2026-12-01 00:00 UTC, says bo" in client.get("/alerts").text
    assert client.delete(f"{API}/feedback/{made.json()['id']}?by=ana").json()["taken_back_by"] == "ana"
    assert client.delete(f"{API}/feedback/{made.json()['id']}").status_code == 404
    assert client.post(f"{API}/feedback", json={"key": "none"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("ack", b"{", 400),
        ("ack", b'{"keys": "x"}', 400),
        ("ack", b'{"keys": [], "colour": 1}', 400),
        ("ack", b"x" * 300_000, 413),
        ("snooze", b'{"keys": ["idle:research"]}', 400),
        ("snooze", b'{"keys": ["idle:research"], "for": "soon"}', 400),
        ("snooze", b'{"keys": ["idle:research"], "until": "2020-01-01"}', 400),
        ("silences", b'{"for": "1h", "reason": "all"}', 400),
        ("silences", b'{"team": ["a"], "for": "1h", "reason": ""}', 400),
    ],
)
def test_what_is_asked_wrongly_changes_nothing(client, engine, path, body, code):
    answer = client.post(f"{API}/{path}", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, status(engine)) == (code, "firing")


def test_a_form_of_another_site_can_change_nothing(client, engine):
    plain = {"Content-Type": "text/plain"}
    assert client.post(f"{API}/ack", content=b'{"keys": ["idle:research"]}', headers=plain).status_code == 415
    form = {"key": KEY, "action": "acknowledge"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post("/alerts/handle", data=form, headers=headers).status_code == 403
    assert status(engine) == "firing"


def test_the_page_shows_what_stands_and_its_forms_do_what_they_say(client, engine):
    page = client.get("/alerts").text
    assert "14 GPUs of gpu-prod idle for 5 hours" in page
    ours = {"Origin": "http://testserver", "X-Forwarded-User": "ana"}
    answer = client.post("/alerts/handle", data={"key": KEY, "action": "acknowledge"}, headers=ours)
    assert (answer.status_code, answer.headers["location"], status(engine)) == (303, "/alerts", "acknowledged")
    assert "acknowledged by ana" in client.get("/alerts").text
    client.post("/alerts/handle", data={"key": KEY, "action": "fire_again"}, headers=ours)
    assert status(engine) == "firing"
    back = client.post("/alerts/handle", data={"key": KEY, "action": "snooze", "back": "why"}, headers=ours)
    assert (back.headers["location"], status(engine)) == ("/alerts/why?key=idle%3Aresearch", "snoozed")
    client.post("/alerts/handle", data={"key": KEY, "action": "not_a_problem"}, headers=ours)
    [lesson] = all_feedback(engine)
    assert (lesson.learned.by, status(engine)) == ("ana", "resolved")
    client.post("/alerts/handle", data={"id": str(lesson.id), "action": "take_back"}, headers=ours)
    assert all_feedback(engine)[0].taken_back_by == "ana"
    for wrong in ({"action": "explode", "key": KEY}, {"action": "take_back", "id": "x"}):
        assert client.post("/alerts/handle", data=wrong, headers=ours).status_code == 400


def test_the_page_keeps_to_a_team_and_a_kind_and_is_json_too(client):
    report = client.get("/alerts.json?team=research&kind=idle_gpu").json()
    assert ([alert["key"] for alert in report["alerts"]], report["more"]) == ([KEY], 0)
    assert client.get("/alerts.json?team=research&kind=budget").json()["alerts"] == []
    assert "runs" not in client.get("/alerts?team=research&kind=budget").text


def test_one_alert_has_a_page_of_its_own(client):
    page = client.get("/alerts/why", params={"key": KEY})
    assert (page.status_code, "No message was made of it" in page.text) == (200, True)
    assert client.get("/alerts/why.json", params={"key": KEY}).json()["alert"]["key"] == KEY
    assert client.get("/alerts/why", params={"key": "<script>"}).status_code == 400
    assert "<script>alert" not in client.get("/alerts/why", params={"key": "<script>alert"}).text


def test_the_inbox_tells_how_alerts_stand_and_what_is_over(engine, client):
    counts = client.get("/alerts.json").json()["counts"]
    assert counts["open"] == counts["firing"] > 1
    with engine.begin() as connection:
        over = {"status": "resolved", "resolved_at": NOW}
        connection.execute(update(alerts).where(alerts.c.key == KEY).values(over))
    found = client.get("/alerts.json?status=resolved").json()
    assert [alert["key"] for alert in found["alerts"]] == [KEY]
    assert (found["counts"]["open"], found["counts"]["resolved"]) == (counts["open"] - 1, 1)
    page = client.get("/alerts?status=resolved").text
    assert "Acknowledge" not in page
    assert "Resolved alerts" in page
    assert f"key={quote(KEY, safe='')}" not in client.get("/alerts").text
    assert ">Resolved</td>" in client.get("/alerts/why", params={"key": KEY}).text
    assert client.get("/alerts?status=gone").status_code == 400


def test_the_inbox_is_kept_to_a_severity_and_its_forms_lead_back_to_it(engine, client):
    found = client.get("/alerts.json?severity=critical").json()
    assert {alert["severity"] for alert in found["alerts"]} == {"critical"}
    page = client.get("/alerts?severity=critical&team=").text
    assert '<input type="hidden" name="back" value="/alerts?severity=critical">' in page
    assert 'class="chip" href="/alerts"' in page
    sent = {"key": KEY, "action": "acknowledge"}
    back = client.post("/alerts/handle", data=sent | {"back": "/alerts?severity=critical"}, headers=OURS)
    assert back.headers["location"] == "/alerts?severity=critical"
    for elsewhere in ("https://else.example/alerts?", "//else.example", "/sign-out"):
        back = client.post("/alerts/handle", data=sent | {"back": elsewhere}, headers=OURS)
        assert back.headers["location"] == "/alerts"


def test_an_alert_is_snoozed_for_as_long_as_its_page_says_with_a_note(engine, client):
    sent = {"key": KEY, "action": "snooze", "for": "3d", "note": "looking into it", "back": "why"}
    assert client.post("/alerts/handle", data=sent, headers=OURS).status_code == 303
    found = client.get("/alerts/why.json", params={"key": KEY}).json()
    assert datetime.fromisoformat(found["snoozed_until"]) == NOW + timedelta(days=3)
    page = client.get("/alerts/why", params={"key": KEY}).text
    assert "Snoozed: looking into it" in page
    assert client.post("/alerts/handle", data=sent | {"for": "soon"}, headers=OURS).status_code == 400
