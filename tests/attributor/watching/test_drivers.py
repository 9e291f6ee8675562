"""What drives a spend finding, from real charges: by model, key and resource, exact, and looked for once."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from alerts.alert import ChartPoint, Findings
from attributor.app.reload import reloaded
from attributor.app.wiring import open_duckdb
from attributor.attributing.inputs import read_inputs
from attributor.ledger.tables import alerts
from attributor.watching.driving.asked import Asked
from attributor.watching.driving.findings import with_their_drivers
from attributor.watching.driving.parts import part_costs
from attributor.watching.hourly import Read

SPIKE = date(2026, 11, 10)
KEY = f"spend:search:Bedrock:{SPIKE}"
NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
HEADER = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,SubAccountId,ResourceId,ChargeCategory,Tags"
)


def charge(day, cost, *, resource, service="Bedrock", account="111", **tags):
    told = json.dumps({"team": "search"} | tags).replace('"', '""')
    end = day + timedelta(days=1)
    return f'{cost},{cost},{cost},USD,{day}T00:00:00Z,{end}T00:00:00Z,{service},{account},{resource},Usage,"{told}"'


def calm_days(until, days=24):
    for number in range(days):
        day = until - timedelta(days=days - number)
        yield charge(day, "30.5", resource="chat", model="haiku", api_key="web")
        yield charge(day, "20", resource="batch", model="opus-5", api_key="ci-bot")
        yield charge(day, "10", resource="batch", model="opus-5", api_key="web", account="222")


def spike(day):
    yield charge(day, "31.25", resource="chat", model="haiku", api_key="web")
    yield charge(day, "420.123456", resource="batch", model="opus-5", api_key="ci-bot")
    yield charge(day, "40", resource="batch", model="opus-5", api_key="web", account="222")


@pytest.fixture
def spiking(company):
    rest = (charge(SPIKE + timedelta(days=1), "60", resource="chat", model="haiku", api_key="web"),)
    company.write("bills/aws.csv", HEADER, *calm_days(SPIKE), *spike(SPIKE), *rest)
    company.cycle()
    return company


def standing(company):
    return {each.alert.key: each.alert for each in company.app.alert_log.states().values()}


def parts_of(company, *days, before=()):
    asked = Asked("search", "Bedrock", "USD", days, before)
    with open_duckdb() as connection:
        read = Read(company.app.lake, connection, read_inputs(company.engine))
        [parts] = part_costs(company.engine, read, company.ruleset, [asked])
    return parts


def test_a_spike_says_which_model_and_key_it_is_and_its_parts_sum_to_the_excess(spiking) -> None:
    alert = standing(spiking)[KEY]
    assert alert.facts["drivers"] == "93 % of the excess is model opus-5, key ci-bot, resource batch."
    assert alert.summary.endswith(alert.facts["drivers"])
    assert sum(part.amount for part in alert.contributors) == Decimal(alert.facts["excess"])
    first = alert.contributors[0]
    assert first.label == "model opus-5 · key ci-bot · resource batch"
    assert first.note.startswith("$420.12 instead of $")
    parts = parts_of(spiking, SPIKE, before=(SPIKE - timedelta(days=7),))
    assert sum(part.cost for part in parts) == Decimal("491.373456")
    assert {(part.values["resource"], part.values["key"], part.before) for part in parts} == {
        ("chat", "web", Decimal("30.5")),
        ("batch", "ci-bot", 20),
        ("batch", "web", 10),
    }


@pytest.mark.slow
def test_an_excess_of_hours_is_looked_for_in_their_days_and_not_before_it_is_published(spiking) -> None:
    hours = tuple(ChartPoint(f"{SPIKE}T{hour:02}:00Z", Decimal(50), marked=hour > 20) for hour in range(24))
    facts = {"service": "Bedrock", "excess": "400"}
    found = replace(
        standing(spiking)[KEY], key="spend:search:Bedrock:hours", chart=hours, facts=facts, summary="By the hour."
    )
    with open_duckdb() as connection:
        read = Read(spiking.app.lake, connection, read_inputs(spiking.engine))
        found = Findings("spend_anomaly", (found, replace(found, key="early", facts=facts | {"excess": "600"})))
        driven, early = with_their_drivers(spiking.engine, read, spiking.ruleset, found).alerts
    assert driven.summary == "By the hour. 97 % of the excess is model opus-5, key ci-bot, resource batch."
    assert sum(part.amount for part in driven.contributors) == 400
    assert early == found.alerts[1]


@pytest.mark.slow
def test_what_drives_a_finding_is_looked_for_again_only_when_the_finding_changes(spiking) -> None:
    with spiking.engine.begin() as connection:
        body = json.loads(connection.scalar(select(alerts.c.body).where(alerts.c.key == KEY)))
        body["facts"]["drivers"] = "As remembered."
        connection.execute(update(alerts).where(alerts.c.key == KEY).values(body=json.dumps(body)))
    spiking.cycle(NOW + timedelta(hours=1))
    assert standing(spiking)[KEY].summary.endswith("As remembered.")
    spiking.write("bills/aws2.csv", HEADER, charge(SPIKE, "90", resource="chat", model="haiku", api_key="web"))
    spiking.cycle(NOW + timedelta(hours=2))
    assert "model opus-5" in standing(spiking)[KEY].facts["drivers"]


@pytest.mark.slow
def test_what_a_rule_shares_is_told_apart_by_the_rule_and_what_cannot_be_found_again_by_the_ledger(company) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    split = "rules:\n  - {name: platform, match: {SubAccountId: '999'}, split: {even: [search, ads]}}\n"
    company.write("attributor.yaml", text.replace("rules:\n", split))
    own = charge(SPIKE, "3.000000000001", resource="i-1", model="haiku", api_key="web")
    company.write("bills/aws.csv", HEADER, own, charge(SPIKE, "10", resource="shared", account="999"))
    company.cycle()
    found = {part.cost: dict(part.values) for part in parts_of(company, SPIKE)}
    assert found[Decimal(5)] == {"account": "999", "service": "Bedrock", "rule": "platform"}
    assert found[Decimal("3.000000000001")]["resource"] == "i-1"
    company.write("attributor.yaml", text.replace("match: {tags.team: present}", "match: {tags.who: present}"))
    company.app = reloaded(company.app)
    by_sums = {part.cost: dict(part.values) for part in parts_of(company, SPIKE)}
    assert by_sums.keys() == found.keys()
    assert by_sums[Decimal("3.000000000001")] == {"model": "haiku", "account": "111", "service": "Bedrock"}


@pytest.mark.slow
def test_where_an_estimate_is_compared_with_bills_resources_and_accounts_say_nothing(company) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    usage = 'sources:\n  gateway: {type: usage, path: "usage/*.csv"}\n'
    price = (
        "prices: [{metric: m, price: 2, replaces: {source: aws, match: {ServiceName: Bedrock}}, service: Bedrock}]\n"
    )
    company.write("attributor.yaml", text.replace("sources:\n", usage) + price)
    before = SPIKE - timedelta(days=2)
    company.write("bills/aws.csv", HEADER, charge(before, "30", resource="i-1", model="opus-5", api_key="ci-bot"))
    head = "hour,metric,quantity,pool,team,model,api_key"
    company.write("usage/m.csv", head, f"{SPIKE}T03:00Z,m,90,llm,search,opus-5,ci-bot")
    company.cycle()
    parts = parts_of(company, SPIKE, before=(before,))
    assert {(part.cost, part.before) for part in parts} == {(Decimal(180), 0), (0, Decimal(30))}
    values = {"model": "opus-5", "key": "ci-bot", "service": "Bedrock"}
    assert [part.values for part in parts] == [values, values]
