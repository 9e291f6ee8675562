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
