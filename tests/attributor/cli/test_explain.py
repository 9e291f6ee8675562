"""`attributor explain`: from an amount to rule, weights and charges, down to the row of the file."""

import csv
import io
import json
from decimal import Decimal
from itertools import cycle

import pytest

from attributor.attributing.explaining import FILTERS
from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.reports.costs import BASES


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    """A made-up company of ten days with every kind of rule, and a way to ask it."""
    from datetime import UTC, datetime

    from click.testing import CliRunner

    from attributor.cli.main import attributor

    folder = tmp_path_factory.mktemp("demo")
    write_company(folder, DemoPlan(days=10, charges=600, seed=3, now=datetime(2026, 11, 20, 12, tzinfo=UTC)))

    def ask(*arguments: str):
        config = ["-c", str(folder / "attributor.yaml")]
        answer = CliRunner().invoke(attributor, [*config, *arguments, "--format", "json"], catch_exceptions=False)
        assert answer.exit_code == 0, answer.stderr
        return json.loads(answer.stdout)

    ask("run")
    return folder, ask


@pytest.mark.slow
def test_every_level_sums_down_to_the_rows_of_the_files(demo, faults_of) -> None:
    folder, ask = demo
    given = {row["team"]: row["cost"] for row in ask("showback", "--period", "2026-11")["rows"]}
    methods = set()
    for team in ("platform", "research", "unattributed"):
        document = ask("explain", "--period", "2026-11", "--team", team)
        assert (document["cost"], faults_of(folder, document)) == (given[team], [])
        methods |= {rule["method"] for rule in document["rules"]}
    assert methods >= {"direct", "usage", "activity", "cost", "follow", "unattributed"}


@pytest.mark.slow
def test_gpus_that_computed_but_little_are_an_idle_cause_of_their_holder(demo) -> None:
    _, ask = demo
    document = ask("explain", "--period", "2026-11", "--team", "search", "--day", "2026-11-15")
    assert {rule["idle_cause"] for rule in document["rules"] if rule["method"] == "usage"} >= {"", "low"}


@pytest.mark.slow
def test_every_dimension_sums_to_what_showback_says_of_it_in_every_cost_column(demo, faults_of) -> None:
    folder, ask = demo
    for dimension, basis in zip(FILTERS, cycle(BASES)):
        of_team = ("--period", "2026-11", "--team", "search", "--basis", basis)
        rows = ask("showback", *of_team, "--by", f"day,{dimension}")["rows"]
        row = rows[len(rows) // 2]
        flag = f"--{dimension.replace('_', '-')}"
        document = ask("explain", *of_team, "--day", row["day"], flag, row[dimension])
        assert (document["cost"], document["basis"], dimension) == (row["cost"], basis, dimension)
        assert faults_of(folder, document) == []


def test_activity_over_a_month_is_explained_by_the_months_claims_and_what_each_day_bore_of_them(
    company, faults_of
) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    split = "split: {by: gpu.hours, pool: prod, per: day}"
    assert split in config
    activity = "activity: {rates: {gpu.hours: 10}, pool: prod, rest: ads, per: month}"
    company.write("attributor.yaml", config.replace(split, activity))
    company.bill("november", "10,30,cluster=prod", "11,10,cluster=prod")
    company.usage("10,08,search,1", "10,09,ads,2")
    company.run()
    document = company.command("explain", "--period", "2026-11", "--team", "search", "--format", "json").json
    assert faults_of(company.folder, document) == []
    [rule] = document["rules"]
    assert (rule["method"], rule["cost"], [day["cost"] for day in rule["days"]]) == ("activity", "10", ["7.5", "2.5"])
    for day in rule["days"]:
        [weighing] = day["weighings"]
        assert [(weight["owner"], weight["quantity"], weight["share"]) for weight in weighing["weights"]] == [
            ("ads", "20", "1/2"),
            ("ads", "10", "1/4"),
            ("search", "10", "1/4"),
        ]
        assert [used["quantity"] for used in weighing["usage"]] == ["2", "1"]


def test_a_split_is_explained_by_its_weights(ran, faults_of) -> None:
    document = ran.command("explain", "--period", "2026-11", "--team", "search", "--format", "json").json
    assert faults_of(ran.folder, document) == []
    direct, split = document["rules"]
    assert (direct["rule"], direct["method"], direct["cost"]) == ("team tag", "direct", "30")
    assert (split["rule"], split["method"], split["cost"]) == ("cluster", "usage", "3")
    [weighing] = split["days"][0]["weighings"]
    assert (weighing["metric"], weighing["pool"]) == ("gpu.hours", "prod")
    assert [(weight["owner"], weight["quantity"], weight["share"]) for weight in weighing["weights"]] == [
        ("ads", "2", "2/3"),
        ("search", "1", "1/3"),
    ]
    assert weighing["charges"] == [{"origin": "bills/november.csv:2", "charged": "9", "cost": "3"}]
    ads, search = weighing["usage"]
    assert (weighing["unit"], ads["owner"], ads["quantity"], ads["rows"]) == ("gpu.hours", "ads", "2", [])
    assert ads["more_rows"] == {"count": 1, "quantity": "2"}
    assert (search["metric"], search["owner"], search["quantity"], search["more_rows"]) == (
        "gpu.hours",
        "search",
        "1",
        None,
    )
    assert search["rows"] == [
        {
            "source": "gpus",
            "hour": "2026-11-10T08:00:00+00:00",
            "pool": "prod",
            "quantity": "1",
            "origin": "usage/gpus.csv:1",
        }
    ]


def test_after_the_rules_changed_the_published_ones_explain_until_the_next_run(ran, faults_of) -> None:
    before = ran.command("explain", "--period", "2026-11", "--team", "search", "--format", "json")
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config.replace("rules:\n", "rules:\n  - {name: all, owner: ads}\n"))
    assert ran.command("explain", "--period", "2026-11", "--team", "search", "--format", "json") == before
    ran.run()
    gone = ran.command("explain", "--period", "2026-11", "--team", "search", "--format", "json").json
    assert (gone["cost"], gone["rules"]) == ("0", [])
    document = ran.command("explain", "--period", "2026-11", "--team", "ads", "--format", "json").json
    assert ([rule["rule"] for rule in document["rules"]], document["cost"]) == (["all"], "46")
    assert faults_of(ran.folder, document) == []


def test_a_rules_version_changes_with_the_rules(ran) -> None:
    def versions() -> set[str]:
        rules = ran.command("explain", "--period", "2026-11", "--team", "search", "--format", "json").json["rules"]
        return {rule["version"] for rule in rules}

    [before] = versions()
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config.replace("per: day", "per: hour"))
    ran.run()
    [after] = versions()
    assert before != after
    assert len(before) == len(after) == 64


def test_unclaimed_money_says_why(ran) -> None:
    ran.bill("more", "10,4,team=nobody", "11,3,cluster=prod")
    ran.run()
    rules = ran.command("explain", "--period", "2026-11", "--team", "unattributed", "--format", "json").json["rules"]
    reasons = {
        (day["day"], one["reason"], one["cost"]) for rule in rules for day in rule["days"] for one in day["reasons"]
    }
    assert reasons == {
        ("2026-11-10", "tags.team names no team: nobody", "4"),
        ("2026-11-11", "no rule claims it", "2"),
        ("2026-11-11", "the usage of these hours is not known yet", "3"),
    }


def test_people_read_the_same_amounts(ran) -> None:
    answer = ran.command("explain", "--period", "2026-11", "--team", "search")
    assert answer.out.startswith("search, 2026-11: $33.00 effective cost\n")
    for words in (
        "rule `cluster` (",
        "attributor.yaml:11)",
        "search: 1 = 33.33%",
        "bills/november.csv:2",
        "usage/gpus.csv:1",
        "version ",
    ):
        assert words in answer.out


def test_costs_that_weighed_are_told_by_the_day_down_to_how_many_charges_they_are_of(ran, faults_of) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", f"{config}  - {{name: rest, match: {{tags.owner: present}}, follow: [ServiceName]}}\n")
    ran.run()
    asked = ("explain", "--period", "2026-11", "--team", "ads", "--rule", "rest")
    document = ran.command(*asked, "--format", "json").json
    assert (document["cost"], faults_of(ran.folder, document)) == ("0.5", [])
    [weighing] = document["rules"][0]["days"][0]["weighings"]
    days = [{"day": "2026-11-10", "cost": "6", "charges": 1}, {"day": "2026-11-11", "cost": "5", "charges": 1}]
    assert weighing["weighed_by"] == [{"owner": "ads", "cost": "11", "days": days}]
    told = ran.command(*asked).out
    for words in ("cost of ads: 11, of", "6  2026-11-10  1 charge\n", "5  2026-11-11  1 charge\n"):
        assert words in told


def test_csv_has_a_row_a_charge_that_sum_to_the_amount(ran) -> None:
    answer = ran.command("explain", "--period", "2026-11", "--team", "search", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert sum(Decimal(row["cost"]) for row in rows) == 33
    assert [(row["day"], row["rule"], row["origin"], row["charged"]) for row in rows] == [
        ("2026-11-10", "team tag", "bills/november.csv:1", "30"),
        ("2026-11-10", "cluster", "bills/november.csv:2", "9"),
    ]


def test_unclaimed_money_is_explained_by_no_rule(ran) -> None:
    [rule] = ran.command("explain", "--period", "2026-11", "--team", "unattributed", "--format", "json").json["rules"]
    assert (rule["rule"], rule["line"], rule["cost"]) == ("", 0, "2")
    assert rule["days"][0]["weighings"][0]["charges"][0]["origin"] == "bills/november.csv:4"


def test_several_currencies_are_explained_apart(billed) -> None:
    company = billed("2026-11-10 EC2 1/1/1 team=ads", "2026-11-10 EC2 7/7/7 team=ads currency=EUR")
    found = company.command("explain", "--period", "2026-11", "--team", "ads", "--format", "json").json["currencies"]
    assert [(one["currency"], one["cost"]) for one in found] == [("EUR", "7"), ("USD", "1")]


def test_nothing_given_is_an_answer_with_a_cost_of_zero(ran) -> None:
    answer = ran.command("explain", "--period", "2020-01", "--team", "ads", "--format", "json")
    assert (answer.code, answer.json["cost"], answer.json["rules"]) == (0, "0", [])
    assert answer.err == "ads was given nothing in 2020-01\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing option '--team'"),
        (["--team", "serch"], "there is no team 'serch'; did you mean search?"),
        (["--team", "ads", "--dimension", "feature=x"], "there is no dimension 'feature'; yours are none"),
        (["--team", "ads", "--dimension", "feature"], "'feature' has no `=`; yours are none"),
        (["--team", "ads", "--day", "2026-02-30"], "'2026-02-30' is not a day; write it as YYYY-MM-DD"),
        (["--team", "ads", "--day", "20261110"], "'20261110' is not a day"),
        (["--team", "ads", "--day", "9999-12-31"], "'9999-12-31' is not a day"),
        (["--team", "ads", "--day", "2026-11-10", "--period", "2026-10"], "2026-11-10 is not in 2026-10"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(arguments: list[str], words: str, ran) -> None:
    answer = ran.command("explain", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err.splitlines()[-1]


def test_a_dimension_of_ones_own_keeps_to_its_value(ran) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", f"{config}dimensions: {{kind: tags.team}}\n")
    ran.run()
    asked = ("explain", "--period", "2026-11", "--team", "search", "--format", "json")
    for value, cost in (("Srch", "30"), ("", "3"), ("ads", "0")):
        document = ran.command(*asked, "--dimension", f"kind={value}").json
        assert (document["cost"], document["filters"]) == (cost, {"kind": value})
