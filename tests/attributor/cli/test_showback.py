"""`attributor showback`: exact sums, however they are grouped, in every format."""

import csv
import io
from decimal import Decimal

import pytest

COLUMNS = ["day", "service", "team", "rule", "model", "project", "category"]


def rows_of(company, *arguments: str) -> dict:
    answer = company.command("showback", "--period", "2026-11", "--format", "json", *arguments)
    assert (answer.code, answer.err) == (0, "")
    return answer.json


def test_without_by_there_is_one_row_a_team_and_unclaimed_money_is_unattributed(ran) -> None:
    assert rows_of(ran) == {
        "period": "2026-11",
        "currency": "USD",
        "basis": "effective",
        "total": "46",
        "rows": [
            {"team": "search", "cost": "33"},
            {"team": "ads", "cost": "11"},
            {"team": "unattributed", "cost": "2"},
        ],
    }


@pytest.mark.parametrize("by", ["service", "day", "model", "rule", ",".join(COLUMNS), "account, source ,environment"])
def test_rows_sum_to_the_total_exactly_however_they_are_grouped(by: str, billed) -> None:
    company = billed(
        "2026-11-10 EC2 1.000000000001/0.1/3E-12 team=search",
        "2026-11-10 S3 -0.000000000002/1E-12/0 team=ads",
        "2026-11-11 S3 2/1000000000/2",
    )
    report = rows_of(company, "--by", by)
    assert Decimal(report["total"]) == sum(Decimal(row["cost"]) for row in report["rows"])
    assert report["total"] == "1000000000.100000000001"
    names = [name.strip() for name in by.split(",")]
    assert all(list(row) == [*names, "cost"] for row in report["rows"])


@pytest.mark.parametrize(("basis", "cost"), [("billed", "1"), ("effective", "0.5"), ("list", "2.000000000001")])
def test_each_basis_is_its_own_column(basis: str, cost: str, billed) -> None:
    company = billed("2026-11-10 EC2 1/0.5/2.000000000001 team=search")
    report = rows_of(company, "--basis", basis)
    assert (report["basis"], report["total"], report["rows"]) == (basis, cost, [{"team": "search", "cost": cost}])


def test_the_invoice_month_can_be_asked_for_instead_of_the_charges_month(billed) -> None:
    company = billed("2026-11-10 EC2 1/1/1 team=ads invoice=2026-12", "2026-11-11 EC2 5/5/5 team=ads")
    assert rows_of(company)["total"] == "6"
    assert rows_of(company, "--period-by", "billing")["total"] == "5"
    later = company.command("showback", "--period", "2026-12", "--period-by", "billing", "--format", "json").json
    assert (later["period"], later["total"]) == ("2026-12", "1")


def test_one_team_can_be_asked_for_also_one_that_only_the_ledger_still_knows(ran) -> None:
    assert rows_of(ran, "--team", "ads")["total"] == "11"
    assert rows_of(ran, "--team", "unattributed")["total"] == "2"
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config.replace("  ads: {}\n", ""))
    assert rows_of(ran, "--team", "ads", "--by", "service,day")["total"] == "11"


def test_a_team_without_costs_is_an_empty_answer_and_one_that_nobody_knows_an_error(ran) -> None:
    assert rows_of(ran, "--team", "idle") == {
        "period": "2026-11",
        "currency": None,
        "basis": "effective",
        "total": "0",
        "rows": [],
    }
    answer = ran.command("showback", "--team", "serch")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1] == (
        "Error: Invalid value for --team: there is no team 'serch'; did you mean search?"
    )


def test_several_currencies_have_no_total_until_one_is_chosen(billed) -> None:
    company = billed("2026-11-10 EC2 1/1/1 team=ads", "2026-11-10 EC2 7/7/7 team=ads currency=EUR")
    answer = company.command("showback", "--period", "2026-11", "--format", "json")
    assert (answer.code, answer.out) == (2, "")
    assert "several currencies (EUR, USD)" in answer.err
    assert "--currency" in answer.err
    report = rows_of(company, "--currency", "EUR")
    assert (report["currency"], report["total"]) == ("EUR", "7")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "colour"], "cannot group by 'colour'; write one or more of team, service"),
        (["--by", ""], "cannot group by nothing"),
        (["--by", "team,team"], "names a dimension twice"),
        (["--basis", "cash"], "'cash' is not one of 'effective', 'billed', 'list'"),
        (["--period", "2026-13"], "'2026-13' is not a period; write it as 2026-11, 2026-Q4"),
        (["--period", "0000-01"], "is not a month"),
        (["--period", "9999-12"], "is not a month"),
        (["--period", "٢٠٢٦-11"], "is not a period"),
        (["--period-by", "fiscal"], "'fiscal' is not one of 'charge', 'billing'"),
        (["--format", "xml"], "'xml' is not one of 'table', 'json', 'csv'"),
        (["surplus"], "unexpected extra argument (surplus)"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(arguments: list[str], words: str, ran) -> None:
    answer = ran.command("showback", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err.splitlines()[-1]


def test_csv_holds_the_same_rows_with_exact_amounts(ran) -> None:
    answer = ran.command("showback", "--period", "2026-11", "--by", "team,service", "--format", "csv")
    assert answer.err == ""
    assert list(csv.DictReader(io.StringIO(answer.out))) == rows_of(ran, "--by", "team,service")["rows"]


def test_no_spreadsheet_runs_what_a_bill_calls_its_services(billed) -> None:
    names = ["=1+1", "@SUM(A1)", "+cmd|x", "-2+3", "'quoted"]
    company = billed(*(f"2026-11-10 {name} -1/-1/-1 team=ads" for name in names))
    answer = company.command("showback", "--period", "2026-11", "--by", "service", "--format", "csv")
    cells = {row["service"] for row in csv.DictReader(io.StringIO(answer.out))}
    assert cells == {"'=1+1", "'@SUM(A1)", "'+cmd|x", "'-2+3", "'quoted"}
    assert {row["cost"] for row in csv.DictReader(io.StringIO(answer.out))} == {"-1"}, "amounts stay numbers"


def test_the_table_is_for_people(ran) -> None:
    answer = ran.command("showback", "--period", "2026-11")
    assert answer.out.startswith("2026-11, effective cost\n")
    assert "$33.00" in answer.out
    assert "total" in answer.out


def test_no_terminal_obeys_what_a_bill_calls_its_services(billed) -> None:
    company = billed("2026-11-10 \x1b[2Jgone\x07 1/1/1 team=ads")
    answer = company.command("showback", "--period", "2026-11", "--by", "service")
    assert ("\x1b" in answer.out, "\ufffd[2Jgone\ufffd" in answer.out) == (False, True)
    assert rows_of(company, "--by", "service")["rows"][0]["service"] == "\x1b[2Jgone\x07"


def test_a_mistake_in_sources_rules_or_channels_stops_no_report(ran) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write(
        "attributor.yaml", config.replace("type: focus", "type: focsu") + "  - {nmae: x}\nalerts: {chanels: {}}\n"
    )
    assert ran.command("check").code == 2
    assert rows_of(ran)["total"] == "46"
    assert ran.command("reconcile", "--period", "2026-11").code == 0
    assert ran.command("alerts", "list").code == 0
