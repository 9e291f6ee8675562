"""Usage that the list prices, usage whose cost nobody knows, and what is said of both, by the real program."""

import importlib.metadata
import json
from pathlib import Path

import duckdb
import pytest

from tests.attributor.estimating.conftest import Priced

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  llm: {type: focus, path: "bills/*.csv"}
  gateway: {type: usage, path: "usage/*.csv"}
teams: {search: {}, ads: {}}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: key, match: {tags.key: k1}, owner: ads}
prices:
  - name: list
    list: genai-prices
    match: {x_Source: gateway}
    models: {our-deployment: gpt-5}
    replaces: &chat {source: llm, match: {ServiceName: Chat}}
  - name: contract
    metric: tokens.output
    match: {model: gpt-5*}
    price: 8
    per: 1000000
    until: 2026-11-11
    replaces: *chat
"""
USAGE = (
    "10 gpt-5 input 1000000 search",  # 1.25
    "10 gpt-5 cached_input 1000000 search",  # 0.125
    "10 gpt-5 output 1000000 search",  # 8, by the contract
    "11 gpt-5 output 1000000 search",  # 10, by the list
    "11 our-deployment input 2000000 ads",  # 2.50
    "11 mystery-9 input 5000 search",
    "11 mystery-9 output 7 search",
)


def usage(company: Priced, *rows: str) -> None:
    lines = ["hour,metric,quantity,team,model,provider,key"]
    for row in rows:
        day, model, metric, quantity, team = row.split()
        owner, key = ("", "k1") if team == "k1" else (team, "")
        lines.append(f"2026-11-{day}T08:00:00Z,tokens.{metric},{quantity},{owner},{model},openai,{key}")
    company.write("usage/november.csv", "\n".join([*lines, ""]))


def variance(company: Priced) -> dict:
    return company.command("variance", "--period", "2026-11", "--format", "json").json


def unpriced_alerts(company: Priced) -> list[str]:
    answer = company.run()
    assert answer.code == 0, answer.err
    return [key for key in answer.json["alerts"] if key.startswith("unpriced:")]


@pytest.fixture
def listed(make_priced) -> Priced:
    return make_priced(CONFIG)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Priced:
    """The company after a run on all of USAGE; nothing is changed any more."""
    company = Priced(tmp_path_factory.mktemp("listed"))
    company.write("attributor.yaml", CONFIG)
    company.bill("09 Chat 1 search", "09 Storage 1 ads")
    usage(company, *USAGE)
    assert unpriced_alerts(company) == ["unpriced:search:openai:mystery-9"]
    return company


def test_the_list_prices_by_model_and_a_price_of_ones_own_goes_before_it_on_its_days(ran: Priced) -> None:
    assert ran.command("reconcile", "--period", "2026-11").code == 0
    costs = ran.costs("day", "team")
    assert {key: cost for key, cost in costs.items() if key[0] > "2026-11-09" and cost != "0"} == {
        ("2026-11-10", "search"): "9.375",
        ("2026-11-11", "search"): "10",
        ("2026-11-11", "ads"): "2.5",
    }


def test_every_estimate_says_by_which_price_and_where_that_is_from(ran: Priced) -> None:
    asked = ("explain", "--period", "2026-11", "--team", "search", "--format", "json")
    text = json.dumps(ran.command(*asked).json)
    assert "gateway: usage/november.csv:1; 1.25 USD for 1000000 tokens.input, by genai-prices 0." in text
    assert "(openai/gpt-5)" in text
    assert "gateway: usage/november.csv:3; 8 USD for 1000000 tokens.output, by the price `contract`" in text
    assert "1.25 USD for 1000000 tokens.input, by genai-prices" in ran.command(*asked[:5]).out
    with duckdb.connect() as connection:
        stored = f"{ran.folder}/lake/charges/**/*.parquet"
        query = (
            "SELECT DISTINCT SkuPriceDetails FROM read_parquet(?, union_by_name = true)"
            " WHERE x_Basis = 'estimated' AND BilledCost > 0"
        )
        details = [json.loads(row[0]) for row in connection.execute(query, [stored]).fetchall()]
    assert {"x_PriceOrigin": "override", "x_PriceName": "contract"} in details
    version = importlib.metadata.version("genai-prices")
    of_list = {"x_PriceOrigin": "genai-prices", "x_PriceVersion": version, "x_PriceModel": "openai/gpt-5"}
    assert of_list in details


def test_a_model_without_a_price_has_an_unknown_cost_is_counted_and_told_with_what_to_add(ran: Priced) -> None:
    said = {(line["model"], line["metric"], line["team"]): line for line in variance(ran)["unpriced"]}
    line = said["mystery-9", "tokens.input", "search"]
    assert (line["quantity"], line["cost"], line["provider"], line["source"]) == ("5000", None, "openai", "gateway")
    assert line["reason"] == "the model is not in the list"
    assert said["mystery-9", "tokens.output", "search"]["quantity"] == "7"
    assert "unknown" in ran.command("variance", "--period", "2026-11").out
    assert ran.costs("team")["search",] == "20.375"  # what is unknown is in no total: 9.375 + 10 + 1 of the bill

    [alert] = [
        alert
        for alert in ran.command("alerts", "list", "--format", "json").json["alerts"]
        if alert["key"] == "unpriced:search:openai:mystery-9"
    ]
    assert (alert["team"], alert["amount"]) == ("search", None)
    summary = alert["summary"]
    for told in ("5,000 tokens.input", "7 tokens.output", "mystery-9 of openai", "gateway", "unknown cost"):
        assert told in summary
    assert '- {metric: tokens.input, match: {model: "mystery-9"}, price: …, per: 1000000, from: 2026-11-11' in summary


def test_usage_without_a_team_is_unknown_to_the_team_that_the_rules_give_it(listed: Priced) -> None:
    usage(listed, "11 mystery-9 input 5 k1")
    assert unpriced_alerts(listed) == ["unpriced:ads:openai:mystery-9"]


@pytest.mark.slow
def test_a_price_that_is_added_makes_the_estimate_and_ends_the_alert(listed: Priced) -> None:
    usage(listed, *USAGE)
    assert unpriced_alerts(listed) == ["unpriced:search:openai:mystery-9"]
    more = "  - {name: new, metric: %s, match: {model: mystery-9}, price: 1, per: 1000, replaces: *chat}\n"
    listed.write("attributor.yaml", CONFIG + more % "tokens.input")
    assert [line["metric"] for line in variance_after(listed)] == ["tokens.output"]
    listed.write("attributor.yaml", CONFIG + more % "tokens.input" + more.replace("new", "n2") % "tokens.output")
    assert variance_after(listed) == []
    assert unpriced_alerts(listed) == []


def variance_after(company: Priced) -> list[dict]:
    assert company.run().code == 0
    return variance(company)["unpriced"]


@pytest.mark.slow
def test_once_the_bill_of_the_day_is_complete_the_cost_is_known(listed: Priced) -> None:
    usage(listed, "10 mystery-9 input 5000 search")
    assert unpriced_alerts(listed) == ["unpriced:search:openai:mystery-9"]
    listed.bill("09 Chat 1 search", "10 Chat 4 search", "11 Storage 1 ads")
    assert unpriced_alerts(listed) == []
    assert variance(listed)["unpriced"] == []


@pytest.mark.slow
def test_usage_that_a_price_of_ones_own_would_take_but_for_its_model_or_metric_is_unknown_too(make_priced) -> None:
    own = CONFIG[: CONFIG.index("  - name: list")] + (
        "  - {name: in, metric: tokens.input, match: {model: gpt-5, x_Source: gateway}, price: 1, per: 1000}\n"
    )
    company = make_priced(own)
    usage(company, "10 gpt-5 input 5 search", "10 gpt-5 reasoning 6 search", "10 gpt-7 input 7 ads")
    assert unpriced_alerts(company) == ["unpriced:ads:openai:gpt-7", "unpriced:search:openai:gpt-5"]
    assert [(line["model"], line["metric"]) for line in variance(company)["unpriced"]] == [
        ("gpt-7", "tokens.input"),
        ("gpt-5", "tokens.reasoning"),
    ]
    company.write("attributor.yaml", own + "  - {list: none, match: {model: gpt-7}}\n")
    assert unpriced_alerts(company) == ["unpriced:search:openai:gpt-5"]
    company.write("attributor.yaml", own.replace("x_Source: gateway", "x_Source: llm"))
    assert unpriced_alerts(company) == []


def test_a_price_list_is_read_with_every_mistake_at_its_line(tmp_path: Path) -> None:
    company = Priced(tmp_path)
    company.write(
        "attributor.yaml",
        """sources: {gateway: {type: usage, path: "u.csv"}}
prices:
  - {list: genai}
  - {list: genai-prices, metric: tokens.input, price: 1}
  - {list: genai-prices, factor: 0.12345}
  - {list: genai-prices, models: [a]}
  - {metric: m, price: 1, factor: 2}
""",
    )
    said = company.command("check").out
    for line, message in enumerate(
        ("`list` is 'genai'", "has a `list` and `metric`, `price`", "`factor` is 0.12345", "`models` is a map"), start=3
    ):
        assert f"attributor.yaml:{line}" in said
        assert message in said
    assert "`factor` belongs to a `list`" in said
