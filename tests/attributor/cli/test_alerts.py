"""`attributor alerts`: what stands, and whether a channel works."""

import json
import socket

import pytest


@pytest.fixture
def watched(ran):
    """Give the small company channels; its last bill is old, so that an alert of silence stands after a run."""

    def configured(channels: str):
        config = (ran.folder / "attributor.yaml").read_text()
        ran.write("attributor.yaml", f"{config}alerts: {{channels: {{{channels}}}}}\n")
        return ran

    return configured


def test_what_stands_is_listed_in_every_format(company) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config.replace("ads: {}", "ads: {budget: 10}"))
    none = company.command("alerts", "list", "--format", "json")
    assert (none.code, none.json) == (0, {"alerts": []})
    company.run()
    found = {alert["key"]: alert for alert in company.command("alerts", "list", "--format", "json").json["alerts"]}
    stand = company.run().json["alerts"]
    assert sorted(found) == stand
    table, rows = company.command("alerts", "list"), company.command("alerts", "list", "--format", "csv")
    assert all(key in table.out and key in rows.out for key in stand)
    assert (table.code, rows.code) == (0, 0)
    assert (company.run().code, bool(stand)) == (0, True), "alerts alone are no failure"


def test_a_digest_is_shown_as_text_as_json_and_as_blocks_and_nothing_is_sent(watched) -> None:
    company = watched("console: {type: console}")
    text = company.command("alerts", "digest", "--team", "search")
    assert (text.code, text.out.splitlines()[0][:16]) == (0, "DIGEST · search ")
    assert "  Open alerts:" in text.out
    asked = ("alerts", "digest", "--weekly", "--format")
    found = company.command(*asked, "json").json["digests"]
    assert {each["team"] for each in found} == {"search", "ads"}
    assert all(each["status"] == "digest" and "the week to" in each["alerts"][0]["title"] for each in found)
    blocks = company.command(*asked, "blocks", "--team", "ads").json["digests"]
    assert [(each["team"], each["blocks"][0]["type"]) for each in blocks] == [("ads", "header")]
    assert "did you mean search?" in company.command("alerts", "digest", "--team", "serch").err
    assert company.command("alerts", "list", "--format", "json").json["alerts"] != []


def test_a_test_message_reaches_the_console(watched) -> None:
    answer = watched("term: {type: console}").command("alerts", "test", "--channel", "term")
    assert (answer.code, answer.out) == (0, "")
    assert "Test message to term" in answer.err
    assert answer.err.endswith("term took the message\n")


def test_a_test_message_reaches_a_webhook(watched, hook) -> None:
    with hook(200) as (url, received):
        answer = watched(f"ops: {{type: webhook, url: '{url}'}}").command("alerts", "test", "--channel", "ops")
    assert (answer.code, answer.out, answer.err) == (0, "", "ops took the message\n")
    assert [json.loads(body)["status"] for body in received] == ["test"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_channel_that_refuses_is_told_without_its_address(status: int, watched, hook) -> None:
    with hook(status) as (url, _):
        answer = watched(f"ops: {{type: webhook, url: '{url}'}}").command("alerts", "test", "--channel", "ops")
    assert (answer.code, answer.out) == (1, "")
    assert (str(status) in answer.err, "hush-token" in answer.err, answer.err.count("\n")) == (True, False, 1)


def test_a_channel_where_nobody_listens_is_told_without_its_address(watched) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/hush-token"
        answer = watched(f"ops: {{type: slack, webhook_url: '{url}'}}").command("alerts", "test", "--channel", "ops")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("ops did not take the message: ")
    assert ("hush-token" in answer.err, "Traceback" in answer.err) == (False, False)


def test_a_channel_that_nobody_configured_is_named_with_those_there_are(watched) -> None:
    answer = watched("term: {type: console}").command("alerts", "test", "--channel", "slack")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "no channel is called 'slack'; known: term\n"


def test_a_variable_that_is_missing_stops_no_list(watched) -> None:
    company = watched("s: {type: slack, webhook_url: '${NOT_SET_ANYWHERE}'}")
    assert company.command("alerts", "list").code == 0
    answer = company.command("alerts", "test", "--channel", "s")
    assert (answer.code, "no variable NOT_SET_ANYWHERE" in answer.err) == (2, True)


@pytest.fixture
def standing(watched):
    """The company with one channel and the key of an alert that stands."""
    company = watched("term: {type: console}")
    [first, *_] = company.run().json["alerts"]
    return company, first


def test_an_alert_tells_why_it_was_told_stage_by_stage(standing) -> None:
    company, key = standing
    told = company.command("alerts", "why", key, "--format", "json").json
    assert [each["stage"] for each in told["reasons"]] == ["follow", "route", "group", "deduplicate"]
    assert told["reasons"][1]["reason"] == "route 1 sends it to term"
    assert [(each["channel"], each["state"]) for each in told["messages"]] == [("term", "sent")]
    table = company.command("alerts", "why", key)
    assert (table.code, "route 1 sends it to term" in table.out) == (0, True)
    rows = company.command("alerts", "why", key, "--format", "csv").out.splitlines()
    assert (rows[0], len(rows)) == ("stage,channel,verdict,reason,since", 5)


def test_an_alert_is_shown_in_full(standing) -> None:
    company, key = standing
    shown = company.command("alerts", "show", key, "--format", "json").json
    assert (shown["alert"]["key"], shown["alert"]["status"], shown["handled_by"]) == (key, "firing", "")
    assert key in company.command("alerts", "show", key).out
    assert company.command("alerts", "show", key, "--format", "csv").out.startswith("field,value\n")


def trail(company) -> list[tuple[str, str, str]]:
    found = company.command("audit", "--format", "json").json["changes"]
    assert {change["via"] for change in found} <= {"cli"}
    return [(change["who"], change["action"], change["detail"]) for change in found]


def test_what_is_acknowledged_is_told_no_more_and_says_by_whom(standing) -> None:
    company, key = standing
    answer = company.command("alerts", "ack", key, "--by", "ana", "--note", "mine")
    assert (answer.code, answer.err) == (0, f"{key}: acknowledged\n")
    company.run()
    told = company.command("alerts", "why", key, "--format", "json").json
    assert {each["stage"]: each["reason"] for each in told["reasons"]}["silence"] == "acknowledged by ana: mine"
    assert company.command("alerts", "ack", key, "--undo", "--by", "bo").err == f"{key}: firing\n"
    assert trail(company) == [
        ("bo", "alerts ack", f"{key} firing"),
        ("ana", "alerts ack", f"{key} acknowledged"),
    ]


def test_an_alert_is_snoozed_for_a_while(standing) -> None:
    company, key = standing
    answer = company.command("alerts", "snooze", key, "--for", "1d")
    assert (answer.code, answer.err.startswith(f"{key}: snoozed until ")) == (0, True)
    assert company.command("alerts", "show", key, "--format", "json").json["snoozed_until"] is not None


def test_a_key_that_nothing_has_is_named_with_those_that_are_near(standing) -> None:
    company, key = standing
    answer = company.command("alerts", "why", key[:-1])
    assert (answer.code, f"did you mean {key}" in answer.err) == (2, True)
    assert company.command("alerts", "ack", "no such key").code == 2


@pytest.mark.parametrize(
    "asked",
    [
        ("snooze", "k"),
        ("snooze", "k", "--for", "1d", "--until", "2999-01-01"),
        ("snooze", "k", "--for", "soon"),
        ("snooze", "k", "--until", "soon"),
        ("snooze", "k", "--until", "2020-01-01"),
        ("silence", "--for", "1h", "--reason", "r"),
        ("silence", "--team", "search", "--for", "1h"),
        ("silence", "--team", "search", "--reason", "r"),
        ("silence", "--end", "7"),
    ],
)
def test_what_is_asked_wrongly_is_refused(standing, asked) -> None:
    answer = standing[0].command("alerts", *asked)
    assert (answer.code, "Traceback" in answer.err) == (2, False)


def test_a_silence_is_set_listed_and_ended(standing) -> None:
    company, key = standing
    asked = ("silence", "--key", "freshness:*", "--for", "2h", "--reason", "move", "--by", "ana", "--format", "json")
    [made] = company.command("alerts", *asked).json["silences"]
    assert (made["key"], made["reason"], made["by"]) == (["freshness:*"], "move", "ana")
    assert company.command("alerts", "silence", "--list", "--format", "json").json == {"silences": [made]}
    company.run()
    told = company.command("alerts", "why", key, "--format", "json").json
    assert "move" in {each["stage"]: each["reason"] for each in told["reasons"]}["silence"]
    assert company.command("alerts", "silence", "--end", str(made["id"])).code == 0
    assert company.command("alerts", "silence", "--list", "--format", "csv").out.count("\n") == 1
    ended, added = trail(company)
    assert ended[1:] == ("alerts silence --end", str(made["id"]))
    assert added[:2] == ("ana", "alerts silence")
    assert json.loads(added[2]) == made


def test_what_is_no_problem_resolves_is_listed_and_can_be_taken_back(standing) -> None:
    company, key = standing
    asked = ("feedback", key, "--not-a-problem", "--by", "ana", "--note", "known", "--format", "json")
    [lesson] = company.command("alerts", *asked).json["feedback"]
    assert (lesson["key"], lesson["lesson"], lesson["by"]) == (key, "not_a_problem", "ana")
    assert key not in company.run().json["alerts"]
    told = company.command("alerts", "why", key, "--format", "json").json
    assert (told["status"], told["reasons"][0]["reason"]) == ("resolved", "not a problem, says ana")
    assert company.command("alerts", "feedback", "--take-back", str(lesson["id"]), "--by", "bo").code == 0
    assert trail(company) == [
        ("bo", "alerts feedback", f"{lesson['id']} taken back"),
        ("ana", "alerts feedback", f"{key} not a problem"),
    ]
    assert key in company.run().json["alerts"]
    assert company.command("alerts", "feedback", "--format", "csv").out.count("\n") == 2
    assert "ana" in company.command("alerts", "feedback").out


@pytest.mark.parametrize(
    "asked",
    [
        ("k",),
        ("--not-a-problem",),
        ("k", "--not-a-problem"),
        ("k", "--not-a-problem", "--planned-until", "2999-01-01"),
        ("k", "--planned-until", "2020-01-01"),
        ("--take-back", "7"),
    ],
)
def test_feedback_that_is_asked_wrongly_is_refused(standing, asked) -> None:
    assert standing[0].command("alerts", "feedback", *asked).code == 2
