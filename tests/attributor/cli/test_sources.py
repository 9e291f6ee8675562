"""`attributor sources` and `check --connect`: what is configured, and what it can read."""

import csv
import io

import pytest


def test_sources_are_listed_with_their_state_from_the_ledger(company) -> None:
    before = company.command("sources", "list", "--format", "json").json["sources"]
    assert {row["source"]: (row["type"], row["table"], row["state"]) for row in before} == {
        "aws": ("focus", "charges", "never read"),
        "gpus": ("usage", "usage", "never read"),
    }
    assert not (company.folder / "ledger.db").exists()
    company.run()
    aws, _ = company.command("sources", "list", "--format", "json").json["sources"]
    assert (aws["state"], aws["covered_until"], aws["newest_day"], aws["error"]) == (
        "fine",
        "2026-11-12T00:00:00+00:00",
        "2026-11-11",
        None,
    )
    assert (aws["gaps"], aws["requests"], aws["cost"]) == (0, 0, "0")
    company.write("bills/broken.csv", "nothing\n")
    company.run()
    [aws, _] = csv.DictReader(io.StringIO(company.command("sources", "list", "--format", "csv").out))
    assert aws["state"] == "failed"
    assert "is no FOCUS export" in aws["error"]


def test_a_try_reads_a_little_and_stores_nothing(company) -> None:
    tried = company.command("sources", "test", "aws", "--format", "json")
    assert tried.code == 0
    assert (tried.json["ok"], tried.json["rows"], tried.json["error"]) == (True, 4, None)
    assert tried.json["first"][0]["BilledCost"] == "30.000000000000"
    assert tried.json["first"][0]["Tags"] == {"team": "Srch"}
    assert not (company.folder / "ledger.db").exists()
    assert "aws: 4 rows in the first batch" in company.command("sources", "test", "aws").out


def test_a_try_that_fails_says_whether_it_will_again_and_exits_1(company) -> None:
    (company.folder / "bills" / "november.csv").unlink()
    tried = company.command("sources", "test", "aws", "--format", "json")
    assert (tried.code, tried.json["ok"], tried.json["permanent"]) == (1, False, True)
    assert "there is no file at bills/*.csv" in tried.json["error"]
    assert "will not help" in company.command("sources", "test", "aws").out


def test_a_source_that_is_not_configured_is_a_usage_error(company) -> None:
    answer = company.command("sources", "test", "azure")
    assert answer.code == 2
    assert "known: aws, gpus" in answer.err


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_the_options_of_a_type_have_examples_and_defaults(company, form: str) -> None:
    answer = company.command("sources", "schema", "focus", "--format", form)
    assert answer.code == 0
    for word in ("path", "restates", "15d", "bills/*.csv", "stale_after"):
        assert word in answer.out
    assert company.command("sources", "schema", "nothing").code == 2


def test_check_connect_names_what_a_source_lacks(company) -> None:
    assert company.command("check", "--connect").code == 0
    (company.folder / "usage" / "gpus.csv").unlink()
    assert company.command("check").code == 0
    answer = company.command("check", "--connect", "--format", "json")
    assert (answer.code, answer.json["ok"]) == (1, False)
    [problem] = [problem for problem in answer.json["problems"] if problem["severity"] == "error"]
    assert problem["message"].startswith("source `gpus` lacks access to its files: there is no file at usage/*.csv")
    assert problem["line"] == 5
