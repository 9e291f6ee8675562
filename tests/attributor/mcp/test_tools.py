"""What assistants can ask: the tools, as the protocol tells of them, and what each answers."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from attributor.app.assistant import assistant_server
from attributor.app.reading import read_document, stores_of
from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.ledger.api_tokens import Wanted, create_token, revoke_token
from attributor.ledger.engine import open_engine
from attributor.mcp.server import LARGEST_ANSWER, build_server

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


@contextmanager
def no_books():
    raise AssertionError("nobody asked")
    yield


async def with_client(server, do):
    async with Client(server) as client:
        return await do(client)


def listed(server):
    async def ask(client):
        return (await client.list_tools()).tools

    return anyio.run(with_client, server, ask)


def call(server, tool, **given):
    """Call a tool; a refusal is its text."""

    async def ask(client):
        return await client.call_tool(tool, given)

    found = anyio.run(with_client, server, ask)
    [text] = found.content
    if found.is_error:
        return text.text
    assert json.loads(text.text) == found.structured_content
    return found.structured_content


def test_every_tool_only_reads_and_says_what_it_takes_and_gives():
    tools = {tool.name: tool for tool in listed(build_server(no_books, "1"))}
    assert {"overview", "team", "showback", "allocations", "explain", "budgets", "alerts", "alert_why"} <= tools.keys()
    assert {"usage", "teams", "sources", "forecast", "reconcile"} <= tools.keys()
    for tool in tools.values():
        assert tool.annotations.read_only_hint
        assert tool.title
        assert tool.description
        assert not tool.input_schema["additionalProperties"]
        assert [name for name, said in tool.input_schema["properties"].items() if not said.get("description")] == []
        Draft202012Validator.check_schema(tool.output_schema)
        assert tool.output_schema["type"] == "object"


def test_every_tool_is_documented():
    text = (ROOT / "docs" / "mcp.md").read_text()
    assert [tool.name for tool in listed(build_server(no_books, "1")) if f"`{tool.name}`" not in text] == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A made-up company of ten days that ran once, and a way to ask the command line about it."""
    from click.testing import CliRunner

    from attributor.cli.main import attributor

    folder = tmp_path_factory.mktemp("demo")
    write_company(folder, DemoPlan(days=10, charges=600, seed=3, now=NOW))
    file = folder / "attributor.yaml"

    def ask(*arguments):
        answer = CliRunner().invoke(attributor, ["-c", str(file), *arguments, "--format", "json"])
        assert answer.exit_code in (0, 1), answer.stderr
        return json.loads(answer.stdout)

    ask("run")
    return file, ask


@pytest.fixture(scope="module")
def server(demo):
    with assistant_server(demo[0], lambda: NOW) as found:
        yield found


@pytest.mark.slow
def test_numbers_are_those_of_the_command_line(server, demo):
    _, ask = demo
    told = ask("showback", "--period", "2026-11", "--by", "team,service")
    found = call(server, "showback", by="team,service", limit=500)
    assert found["total"] == told["total"]
    assert [{**row["values"], "cost": row["cost"]} for row in found["rows"]] == told["rows"]
    assert call(server, "overview")["total"] == told["total"]
    assert call(server, "overview", period="2026-Q4")["total"] == told["total"]
    team = call(server, "team", team="research")
    by_team = {row["team"]: row["cost"] for row in ask("showback", "--period", "2026-11")["rows"]}
    assert team["total"] == by_team["research"]
    assert call(server, "allocations", window="2026-11", include_idle=True)["totalCost"] == told["total"]
    reconciled = ask("reconcile", "--period", "2026-11")
    assert call(server, "reconcile") == {"agrees": reconciled["difference"] == "0", **reconciled}


@pytest.mark.slow
def test_pages_of_rows_hold_everything_once(server):
    whole = call(server, "showback", by="team,service", limit=500)
    found, cursor = [], {}
    while not found or cursor:
        part = call(server, "showback", by="team,service", limit=7, **cursor)
        found += part["rows"]
        cursor = {"cursor": part["next"]} if part["next"] else {}
    assert found == whole["rows"]
    assert sum(Decimal(row["cost"]) for row in found) == Decimal(whole["total"])
    assert len(call(server, "showback", by="team,service,day")["rows"]) == 50


@pytest.mark.slow
def test_a_day_is_explained_down_to_the_rows_of_the_bill(server, demo):
    _, ask = demo
    month = call(server, "explain", team="search")
    line = next(line for line in month["lines"] if line["rule"] == "team tag")
    found = call(server, "explain", team="search", day=line["day"], rule="team tag")
    assert found == ask("explain", "--team", "search", "--day", line["day"], "--rule", "team tag")
    assert found["cost"] == line["cost"]


@pytest.mark.slow
def test_usage_budgets_teams_sources_and_alerts_answer_from_the_ledger(server, demo):
    _, ask = demo
    usage = call(server, "usage", window="2026-11", by="pool", metric="gpu.hours")
    assert {row["metric"] for row in usage["rows"]} == {"gpu.hours"}
    daily = call(server, "usage", window="2026-11", by="pool", metric="gpu.hours", step="1d", limit=500)
    assert sum(Decimal(row["quantity"]) for row in daily["rows"]) == sum(
        Decimal(row["quantity"]) for row in usage["rows"]
    )
    teams = {team["team"]: team for team in call(server, "teams")["teams"]}
    assert teams["idle"]["reserved"]
    budgets = call(server, "budgets")["budgets"]
    assert {line["team"] for line in budgets} == {name for name, team in teams.items() if team["budget"]}
    assert [line["team"] for line in call(server, "forecast", team="search")["teams"]] == ["search"]
    assert {row["source"] for row in call(server, "sources")["sources"]} == {
        row["source"] for row in ask("sources", "list")["sources"] if row["state"] != "never read"
    }
    alerts = call(server, "alerts", top=200)
    assert [alert["key"] for alert in alerts["alerts"]] == [row["key"] for row in ask("alerts", "list")["alerts"]]
    key = alerts["alerts"][0]["key"]
    assert call(server, "alert_why", key=key)["reasons"] == ask("alerts", "show", key)["reasons"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "given", "says"),
    [
        ("team", {"team": "serach"}, "did you mean search"),
        ("showback", {"period": "November"}, "write it as 2026-11, 2026-Q4"),
        ("showback", {"by": "pod"}, "write one or more of team, service"),
        ("showback", {"group": "team"}, "Extra inputs are not permitted"),
        ("showback", {"limit": 501}, "less than or equal to 500"),
        ("showback", {"cursor": "?"}, "cursor is not `next`"),
        ("showback", {"window": "7d", "period": "2026-11"}, "ask for one of them"),
        ("usage", {"by": "day"}, "write some of pool, team"),
        ("explain", {"team": "search", "day": "2026-13-01"}, "write it as YYYY-MM-DD"),
        ("alert_why", {"key": "spend"}, "no alert has the key 'spend'"),
        ("allocations", {"window": "2026-11", "aggregate": "team,service,account,day", "limit": 500}, "ask for less"),
    ],
)
def test_what_cannot_be_answered_says_how_to_ask(server, tool, given, says):
    found = call(server, tool, **given)
    assert isinstance(found, str)
    assert says in found
    assert len(found) < LARGEST_ANSWER


def every_answer(server):
    """Call every tool for search, for another team and for nobody; yield the tool and what it says."""
    for tool in listed(server):
        for more in ({}, {"team": "search"}, {"team": "ads"}, {"aggregate": "team,service,account"}, {"by": "team"}):
            given = {name: value for name, value in more.items() if name in tool.input_schema["properties"]}
            needed = {"window": "month", "key": "budget:ads:2026-11", "team": "ads"}
            given = {name: needed[name] for name in tool.input_schema.get("required", ())} | given
            yield tool.name, str(call(server, tool.name, **given))


def test_a_viewers_token_tells_an_assistant_of_its_own_teams_alone(demo):
    file, ask = demo
    engine = open_engine(stores_of(read_document(file), file).ledger)
    wanted = Wanted("assistant", "viewer", ("search",), timedelta(days=1), "ana")
    made, token = create_token(engine, wanted, NOW)
    others = ("'ads'", "'Ads'", "advertising", "'research'", "Vision", "'speech'", "#data-costs", "'platform'")
    with assistant_server(file, lambda: NOW, token) as server:
        said = [each for each in every_answer(server) if "there is no team 'ads'" not in each[1]]
        assert len({tool for tool, _ in said}) > 8
        assert [(tool, other) for tool, text in said for other in others if other in text] == []
        of_search = call(server, "showback", period="2026-11")
        assert [row["values"]["team"] for row in of_search["rows"]] == ["search"]
        whole = {row["team"]: row["cost"] for row in ask("showback", "--period", "2026-11")["rows"]}
        assert of_search["total"] == whole["search"]
        assert [team["team"] for team in call(server, "teams")["teams"]] == ["search", "unattributed", "idle"]
        assert "of all teams together" in call(server, "reconcile", period="2026-11")
        explained = call(server, "explain", team="search", day="2026-11-18")
        assert explained["cost"] == call(server, "explain", team="search", day="2026-11-18")["cost"]
        assert "there is no team" in call(server, "explain", team="ads", day="2026-11-18")
        revoke_token(engine, made.id, "ana", NOW)
        assert "holds no more" in call(server, "showback", period="2026-11")
    engine.dispose()


def test_a_token_of_finance_tells_everything_and_a_wrong_one_nothing(demo):
    file, ask = demo
    engine = open_engine(stores_of(read_document(file), file).ledger)
    _, token = create_token(engine, Wanted("cfo", "finance", (), timedelta(days=1), "ana"), NOW)
    engine.dispose()
    with assistant_server(file, lambda: NOW, token) as server:
        assert call(server, "showback", period="2026-11")["total"] == ask("showback", "--period", "2026-11")["total"]
        assert call(server, "reconcile", period="2026-11")["agrees"] is True
    with assistant_server(file, lambda: NOW, f"{token}x") as server:
        assert [tool for tool, said in every_answer(server) if "holds no more" not in said] == []


@pytest.mark.slow
def test_a_client_that_starts_the_program_is_answered_and_nothing_is_written(demo):
    file, ask = demo
    before = {path: path.stat().st_mtime_ns for path in file.parent.rglob("*.parquet")}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "attributor", "mcp", "-c", str(file)], env=environment
    )
    found = call(command, "showback", period="2026-11")
    assert found["total"] == ask("showback", "--period", "2026-11")["total"]
    assert {path: path.stat().st_mtime_ns for path in file.parent.rglob("*.parquet")} == before


@pytest.mark.slow
def test_the_same_is_answered_over_http_on_loopback(demo):
    file, ask = demo
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "attributor", "mcp", "-c", str(file), "--http", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as served:
        try:
            assert served.stderr.readline().decode() == f"serving at http://127.0.0.1:{port}/mcp\n"
            found = call(f"http://127.0.0.1:{port}/mcp", "overview", period="2026-11")
            assert found["total"] == ask("showback", "--period", "2026-11")["total"]
        finally:
            served.terminate()
    assert served.wait(20) in (0, -15)
