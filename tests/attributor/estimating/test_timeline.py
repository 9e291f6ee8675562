"""A day of tokens from the first event to the restated bill, by the real program."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.attributor.estimating.conftest import CONFIG, Priced

BILL = ("09 Chat 1 search", "09 Storage 1 ads")
USAGE = ("10 08 input 1000 Srch", "10 09 output 500 search", "10 09 input 7 ads")


def run(company: Priced) -> tuple[list[str], list[str]]:
    """Run once; return the days of November that were estimated and attributed. Everything reconciles afterwards."""
    answer = company.run()
    assert answer.code == 0, answer.err
    assert company.command("reconcile", "--period", "2026-11").code == 0
    found = answer.json
    return tuple([day[-2:] for day in found[key]] for key in ("estimated_days", "attributed_days"))  # type: ignore[return-value]


def tenth(company: Priced, *by: str) -> dict[str, str]:
    """Return what the tenth cost by team, or by another word."""
    costs = company.costs("day", *(by or ("team",)))
    return {values[1]: cost for values, cost in costs.items() if values[0] == "2026-11-10" and cost != "0"}


def variance(company: Priced, *more: str) -> dict:
    answer = company.command("variance", "--period", "2026-11", "--format", "json", *more)
    assert answer.code == 0
    return answer.json


@pytest.mark.slow
def test_usage_is_estimated_until_the_bill_is_complete_and_changes_drivers_only_after(priced: Priced) -> None:
    priced.usage(*USAGE)
    assert run(priced) == (["10"], ["09", "10"])
    assert tenth(priced) == {"search": "7", "ads": "0.014"}  # 1000 x 2/1000 + 500 x 10/1000; 7 x 2/1000
    assert tenth(priced, "basis") == {"estimated": "7.014"}
    assert run(priced) == ([], [])

    priced.bill(*BILL, "10 Chat 3 search", "10 Storage 4 ads")  # partial: it is the newest day
    assert run(priced) == (["10"], ["10"])
    assert tenth(priced) == {"search": "7", "ads": "4.014"}
    assert tenth(priced, "basis") == {"estimated": "7.014", "billed": "4"}
    assert tenth(priced, "service") == {"Chat": "7.014", "Storage": "4"}
    assert variance(priced)["open"] == [
        {"provider": "OpenAI", "service": "Chat", "currency": "USD", "estimated": "7.014", "held_back": "3"}
    ]
    assert run(priced) == ([], [])

    complete = (*BILL, "10 Chat 9 search", "10 Storage 4 ads", "11 Storage 1 ads")
    priced.bill(*complete)
    assert run(priced) == (["10"], ["10", "11"])
    assert tenth(priced) == {"search": "9", "ads": "4"}
    assert tenth(priced, "basis") == {"billed": "13"}
    kept = {"estimated": "7.014", "billed": "9", "difference": "1.986", "ratio": "0.2831"}
    assert variance(priced)["rows"] == [{"provider": "OpenAI", "service": "Chat", "currency": "USD", **kept}]
    assert variance(priced)["totals"] == [{"currency": "USD", **kept}]

    priced.usage(*USAGE, "10 10 input 1000 ads", "11 01 input 1000 ads")  # late for the tenth
    assert run(priced) == (["11"], ["10", "11"])
    assert tenth(priced) == {"search": "9", "ads": "4"}
    assert variance(priced)["totals"] == [{"currency": "USD", **kept}]

    priced.change("price: 2", "price: 3")
    assert run(priced) == (["11"], ["11"])
    assert variance(priced, "--by", "day")["open"] == [
        {"day": "2026-11-11", "currency": "USD", "estimated": "3", "held_back": "0"}
    ]
    assert variance(priced)["totals"] == [{"currency": "USD", **kept}]

    priced.bill(*(row.replace("Chat 9", "Chat 8") for row in complete))  # restated: the variance follows
    assert run(priced) == ([], ["10"])
    assert tenth(priced) == {"search": "8", "ads": "4"}
    assert [row["difference"] for row in variance(priced)["rows"]] == ["0.986"]


def test_an_estimate_goes_to_the_team_its_usage_names_and_else_by_the_rules_for_the_bill(priced: Priced) -> None:
    priced.write(
        "usage/november.csv",
        "hour,metric,quantity,team,key,namespace\n"
        "2026-11-10T08:00:00Z,tokens.input,1000,search,k1,\n"  # the rule for k1 comes first, the team all the same
        "2026-11-10T08:00:00Z,tokens.input,2000,,k1,\n"
        "2026-11-10T08:00:00Z,tokens.input,3000,,,n1\n"
        "2026-11-10T08:00:00Z,tokens.input,4000,,,\n",
    )
    priced.change(
        "  - {name: team tag", "  - {name: space, match: {namespace: n1}, owner: search}\n  - {name: team tag"
    )
    run(priced)
    rules = {
        team_rule: cost for team_rule, cost in priced.costs("day", "team", "rule").items() if "11-10" in team_rule[0]
    }
    assert rules == {
        ("2026-11-10", "search", "usage that names its team"): "2",
        ("2026-11-10", "ads", "key"): "4",
        ("2026-11-10", "search", "space"): "6",
        ("2026-11-10", "ads", "the rest of the bill"): "8",  # by x_Source, as the bill itself
    }


def test_where_nothing_priced_was_used_the_bill_counts_as_far_as_it_has_come(priced: Priced) -> None:
    priced.usage("10 08 other 5 search")
    priced.bill(*BILL, "10 Chat 3 search")
    assert run(priced) == ([], ["09", "10"])
    assert tenth(priced) == {"search": "3"}


def test_without_replaces_an_estimate_stands_beside_the_bill_and_in_no_total(make_priced) -> None:
    priced = make_priced(
        CONFIG.replace("    replaces: &chat {source: llm, match: {ServiceName: Chat}}\n", "").replace(
            ", replaces: *chat", ""
        )
    )
    priced.usage(*USAGE)
    run(priced)
    assert tenth(priced) == {}
    assert variance(priced)["beside"] == [
        {"provider": "", "service": "tokens.output", "currency": "USD", "estimated": "5"},
        {"provider": "", "service": "tokens.input", "currency": "USD", "estimated": "2.014"},
    ]
    assert (variance(priced)["rows"], variance(priced)["open"]) == ([], [])


@pytest.mark.slow
def test_what_is_held_back_is_told_by_reconcile_and_by_explain(priced: Priced) -> None:
    priced.usage(*USAGE)
    priced.bill(*BILL, "10 Chat 3 search", "10 Storage 4 ads")
    run(priced)
    sources = {
        line["source"]: line
        for line in priced.command("reconcile", "--period", "2026-11", "--format", "json").json["sources"]
    }
    assert sources["llm"]["charges"] == "9"  # the bill, as its file sums
    held = sources["llm.estimated"]
    assert (held["estimated"], held["held_back"], held["charges"]) == ("7.014", "3", "4.014")
    explained = priced.command(
        "explain", "--period", "2026-11", "--day", "2026-11-10", "--team", "search", "--format", "json"
    )
    text = json.dumps(explained.json)
    assert "held back: bills/november.csv:3" in text
    assert "gateway: usage/november.csv:1" in text


@pytest.mark.slow
def test_taking_the_prices_out_lets_the_bill_count_as_far_as_it_has_come(priced: Priced) -> None:
    priced.usage(*USAGE)
    priced.bill(*BILL, "10 Chat 3 search")
    run(priced)
    priced.write("attributor.yaml", CONFIG[: CONFIG.index("prices:")])
    run(priced)
    assert tenth(priced) == {"search": "3"}
    assert variance(priced)["open"] == []
    assert run(priced) == ([], [])


def test_an_estimate_too_large_to_keep_is_left_out_and_said(priced: Priced) -> None:
    priced.change("price: 2\n    per: 1000", "price: 9000000000")
    priced.usage("10 08 input 2000 search")
    answer = priced.run()
    assert answer.code == 0
    assert any("the estimate of llm on 2026-11-10" in warning for warning in answer.json["warnings"])
    assert tenth(priced) == {}


@pytest.mark.slow
def test_variance_is_written_as_table_and_csv_and_refuses_what_it_cannot_group_by(priced: Priced) -> None:
    priced.usage(*USAGE)
    priced.bill(*BILL, "10 Chat 9 search", "11 Storage 1 ads")
    run(priced)
    table = priced.command("variance", "--period", "2026-11")
    assert "1.99" in table.out
    assert "total" in table.out
    csv = priced.command("variance", "--period", "2026-11", "--format", "csv", "--by", "source,day")
    assert csv.out.splitlines() == [
        "state,source,day,currency,estimated,billed,difference",
        "billed,llm,2026-11-10,USD,7.014,9,1.986",
    ]
    refused = priced.command("variance", "--by", "team")
    assert refused.code == 2
    assert "provider, service, source, day" in refused.err
    assert Decimal(variance(priced)["totals"][0]["difference"]) == Decimal("1.986")


@pytest.mark.slow
def test_a_closed_month_keeps_its_estimate_until_its_bill_comes_as_a_correction(tmp_path: Path) -> None:
    company = Priced(tmp_path, month="10")
    company.write("attributor.yaml", CONFIG)
    company.bill("09 Chat 1 search", "10 Chat 3 search")
    company.usage(*USAGE)
    assert company.run().json["estimated_days"] == ["2026-10-10"]
    assert company.command("close", "2026-10").code == 0

    def october() -> dict[str, str]:
        sources = company.command("reconcile", "--period", "2026-10", "--format", "json").json["sources"]
        return {line["source"]: line["charges"] for line in sources}

    def statement() -> str:
        return company.command("showback", "--period", "2026-10", "--format", "json").json["total"]

    assert (october(), statement()) == ({"llm": "4", "llm.estimated": "4.014"}, "8.014")
    company.change("price: 2", "price: 100")
    company.usage(*USAGE, "10 10 input 1000 ads")
    assert company.run().json["estimated_days"] == []
    assert october() == {"llm": "4", "llm.estimated": "4.014"}

    company.bill("09 Chat 1 search", "10 Chat 5 search")  # still partial: more is held back, the estimate stays
    assert company.run().json["estimated_days"] == ["2026-10-10"]
    assert october() == {"llm": "6", "llm.estimated": "2.014"}
    assert company.command("reconcile", "--period", "2026-10").code == 0

    company.bill("09 Chat 1 search", "10 Chat 9 search", "11 Storage 1 ads")
    found = company.run().json
    assert (found["estimated_days"], "2026-10-10" in found["corrected_days"]) == (["2026-10-10"], True)
    assert october() == {"llm": "11"} | {"llm.estimated": "0"}
    assert company.command("reconcile", "--period", "2026-10").code == 0
    assert statement() == "8.014"
    assert company.run().json["corrected_days"] == []
