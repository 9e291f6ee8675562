"""`attributor suggest`: rules for what no rule claims, each with exactly the money that it would claim."""

import csv
import io
import json
from decimal import Decimal

import pytest
import yaml

HEADER = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,SubAccountId,"
    "SubAccountName,ResourceName,ResourceId,Tags"
)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/*.csv"}
teams:
  search: {aliases: [srch]}
  ads: {name: Advertising}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: known, match: {SubAccountId: "1"}, owner: ads}
"""
CHARGES = [
    ("10", {"tags": {"team": "Search"}}),
    ("20", {"account": "1", "tags": {"app": "ranker"}}),
    ("64", {"tags": {"team": "serch"}, "account": "9"}),
    ("3.000000000001", {"tags": {"app": "ranker"}, "account": "9"}),
    ("50", {"tags": {"k8s-namespace": "search-prod"}}),
    ("40", {"tags": {"k8s-namespace": "search-dev"}}),
    ("300", {"account": "77", "name": "Advertising"}),
    ("7", {"resource": "gpu-node-17-a"}),
    ("8", {"resource": "gpu-node-4-b"}),
    ("0.5", {"resource": "present"}),
    ("11", {"tags": {"app": "x*y"}, "resource": "bucket/a"}),
    ("12", {"tags": {"app": "present"}, "resource": "bucket/b"}),
    ("13", {"tags": {"env": "prod"}}),
    ("-2", {"tags": {"app": "refund"}}),
    ("6", {"tags": {'we"ird: {key}': 'it\'s "so", é: #1'}}),
    ("5", {"tags": {"app": "${HOME}"}}),
]


def row(cost: str, said: dict) -> str:
    tags = json.dumps(said.get("tags", {})).replace('"', '""')
    period = "2026-11-10T00:00:00Z,2026-11-11T00:00:00Z"
    who = f"{said.get('account', '')},{said.get('name', '')},{said.get('resource', '')},"
    return f'{cost},{cost},{cost},USD,{period},Amazon EC2,{who},"{tags}"'


@pytest.fixture
def unclaimed(make_company):
    """A company of whose bill rules claim little."""
    company = make_company(CONFIG)
    company.write("bills/november.csv", "\n".join([HEADER, *(row(*charge) for charge in CHARGES), ""]))
    assert company.run().code == 0
    return company


def suggested(company, *arguments: str):
    answer = company.command("suggest", "--period", "2026-11", *arguments)
    assert answer.code == 0
    return answer


def test_values_accounts_namespaces_and_names_are_suggested_with_their_money_and_owner(unclaimed) -> None:
    found = suggested(unclaimed, "--format", "json", "--top", "20").json
    told = [(one["kind"], one["column"], one["value"], one["owner"], one["amount"]) for one in found["suggestions"]]
    assert told[:3] == [
        ("tag", "tags.team", "serch", "search", "64"),
        ("account", "SubAccountId", "77", "ads", "300"),
        ("namespace", "tags.k8s-namespace", "search-", "search", "90"),
    ]
    assert ("tag", "tags.app", "ranker", None, "3.000000000001") in told
    assert ("tag", "tags.app", "x*y", None, "11") in told
    assert ("name", "ResourceName", "gpu-node-0-", None, "15") in told
    assert not any("env" in one[1] or "refund" in one[2] or "${" in one[2] for one in told)
    assert found["suggestions"][0]["alias_of"] == "search"
    amounts = sum(Decimal(one["amount"]) for one in found["suggestions"])
    assert amounts == Decimal(found["suggested"])
    assert Decimal(found["suggested"]) + Decimal(found["left"]) == Decimal(found["unclaimed"])
    [unattributed] = [cost for team, cost in unclaimed.costs().items() if team == "unattributed"]
    assert Decimal(found["unclaimed"]) == Decimal(unattributed)
    assert found["unknown_values"] == [{"column": "tags.team", "value": "serch", "amount": "64", "nearest": "search"}]


def test_every_draft_loads_and_claims_exactly_the_money_that_is_stated(unclaimed) -> None:
    found = suggested(unclaimed, "--format", "json", "--top", "20").json
    drafts = suggested(unclaimed, "--format", "yaml", "--top", "20").out
    assert [rule["name"] for rule in yaml.safe_load(drafts)["rules"]] == [one["rule"] for one in found["suggestions"]]
    _, _, rules = drafts.partition("rules:\n")
    unclaimed.write("new.yaml", CONFIG.replace("teams:\n", "teams:\n  TEAM: {}\n") + rules)
    answer = unclaimed.command(
        "plan", "--rules", str(unclaimed.folder / "new.yaml"), "--period", "2026-11", "--format", "json"
    )
    claims = {line["rule"]: line["after"] for line in answer.json["rules"]}
    assert {one["rule"]: one["amount"] for one in found["suggestions"]} == {
        one["rule"]: claims[one["rule"]] for one in found["suggestions"]
    }
    assert claims[""] == found["left"]


def test_a_draft_that_names_nobody_is_refused_by_check_until_somebody_is_written(unclaimed) -> None:
    _, _, rules = suggested(unclaimed, "--format", "yaml").out.partition("rules:\n")
    unclaimed.write("attributor.yaml", CONFIG + rules)
    answer = unclaimed.command("check")
    assert answer.code == 2
    assert "there is no team `TEAM`" in answer.out


def test_top_says_how_many_rules_and_the_rest_is_left(unclaimed) -> None:
    found = suggested(unclaimed, "--format", "json", "--top", "1").json
    assert [one["value"] for one in found["suggestions"]] == ["serch"]
    assert Decimal(found["left"]) == Decimal(found["unclaimed"]) - 64


def test_people_read_what_would_be_claimed_and_what_is_left(unclaimed) -> None:
    out = suggested(unclaimed, "--top", "2").out
    assert out.startswith("$517.50 effective cost of 2026-11 is claimed by no rule; rules that would claim it\n")
    assert "│ account │ SubAccountId │ 77    │ Advertising │ ads    │ $300.00 │" in out
    assert "$153.50 would be left; --format yaml writes the rules\n" in out
    assert "│ tags.team │ serch │ search  │ $64.00 │" in out


def test_yaml_can_be_pasted_and_names_the_alias_that_would_do_as_well(unclaimed) -> None:
    out = suggested(unclaimed, "--top", "2", "--format", "yaml").out
    assert out == (
        "# 2026-11: $517.50 is claimed by no rule; behind your own rules\n"
        "# these would leave $153.50. TEAM stands where nobody is known.\n"
        "rules:\n"
        "  # $64.00\n"
        "  # or: serch among the `aliases` of team search\n"
        '  - name: "tags.team is serch"\n'
        "    match: {tags.team: serch}\n"
        "    owner: search\n"
        "  # $300.00, Advertising\n"
        '  - name: "SubAccountId is 77"\n'
        '    match: {SubAccountId: "77"}\n'
        "    owner: ads\n"
    )


def test_csv_has_a_row_a_suggestion(unclaimed) -> None:
    rows = list(csv.DictReader(io.StringIO(suggested(unclaimed, "--format", "csv", "--top", "2").out)))
    assert [(one["value"], one["owner"], one["amount"]) for one in rows] == [
        ("serch", "search", "64"),
        ("77", "ads", "300"),
    ]


def test_where_everything_has_an_owner_nothing_is_suggested(ran) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config + "  - {name: rest, owner: ads}\n")
    answer = suggested(ran, "--format", "yaml")
    assert answer.out.endswith("rules: []\n")
    assert "has other rules than were published" in answer.err
    assert suggested(ran).out.startswith(
        "$0.00 effective cost of 2026-11 is claimed by no rule; no rule is suggested\n"
    )
    empty = ran.command("suggest", "--period", "2026-09", "--format", "json")
    assert (empty.code, empty.json["suggestions"], empty.json["currency"]) == (0, [], None)
