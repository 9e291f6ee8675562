"""What surrounds a day's attribution: the usage it needs, whole months, owners' facts, and doing it twice."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.attribute import attribute, begin, usage_span
from rules.month import PHASE_ONE_COSTS, needs_month, phase_one_costs
from rules.usage import resolve_usage
from rules.verify import MoneyLostError, verify

DAY = datetime(2026, 10, 14, tzinfo=UTC)
TEAMS = "teams: {search: {aliases: [srch], cost_center: '4100'}, ads: , platform: {cost_center: '9'}}\n"
TAGGED = "  - {name: tag, match: {tags.team: present}, owner: {team: tags.team}}\n"


@pytest.mark.parametrize(
    ("outcome", "start", "end"),
    [
        ("split: {by: requests, per: hour}", DAY + timedelta(hours=5), DAY + timedelta(hours=6)),
        ("split: {by: requests}", DAY, DAY + timedelta(days=1)),
        ("split: {by: requests, per: month}", DAY.replace(day=1), datetime(2026, 11, 1, tzinfo=UTC)),
        (
            "split: {by: requests, per: hour, without_usage: previous}",
            DAY + timedelta(hours=5, days=-7),
            DAY + timedelta(hours=6),
        ),
        ("split: {by: requests, without_usage: previous}", DAY - timedelta(days=7), DAY + timedelta(days=1)),
        ("activity: {rates: {runs: 1}, rest: ads}", DAY, DAY + timedelta(days=1)),
    ],
)
def test_the_usage_span_holds_every_bucket_that_a_charge_overlaps(engine, charge, outcome, start, end):
    text = TEAMS + f"rules:\n  - {{match: {{ServiceName: Shared}}, {outcome}}}\n"
    tables = engine.tables([charge(1, hour=5, ServiceName="Shared"), charge(1, hour=9, ServiceName="Other")])
    span = usage_span(engine.connection, tables.charges, engine.rules(text))
    assert (span.start, span.end) == (start, end)


def test_charges_that_no_usage_rule_claims_need_no_usage(engine, charge):
    text = TEAMS + "rules:\n" + TAGGED + "  - {match: {ServiceName: Shared}, split: {by: requests}}\n"
    tables = engine.tables([charge(1, tags_team="ads")])
    assert usage_span(engine.connection, tables.charges, engine.rules(text)) is None
    assert usage_span(engine.connection, tables.charges, engine.rules(TEAMS)) is None


def test_a_shared_team_needs_the_usage_of_its_bucket(engine, charge):
    text = TEAMS + "shared:\n  - {team: platform, split: {by: requests, per: month}}\n"
    span = usage_span(engine.connection, engine.tables([charge(1)]).charges, engine.rules(text))
    assert (span.start.date(), span.end.date()) == (date(2026, 10, 1), date(2026, 11, 1))


def test_a_charge_longer_than_its_bucket_needs_its_whole_period(engine, charge):
    text = TEAMS + "rules:\n  - split: {by: requests, per: hour}\n"
    long = charge(1, ChargePeriodEnd=DAY + timedelta(days=17, minutes=30))
    span = usage_span(engine.connection, engine.tables([long]).charges, engine.rules(text))
    assert (span.start, span.end) == (DAY, DAY + timedelta(days=17, hours=1))


def test_usage_belongs_to_the_team_its_facts_name_or_else_to_the_one_the_owner_rules_give(engine, used):
    text = TEAMS + (
        "rules:\n"
        "  - {match: {ServiceName: x}, split: {by: requests}}\n"
        "  - {match: {namespace: ads-*}, owner: ads}\n"
        "  - {match: {tags.owner: present}, owner: {team: tags.owner}}\n"
    )
    rows = [
        used("requests", "SRCH", 1, facts={"namespace": "ads-web"}),
        used("requests", "stranger", 2, facts={"namespace": "ads-web"}),
        used("requests", None, 3, facts={"owner": "platform@corp"}),
        used("requests", None, 4),
    ]
    tables = engine.tables([], rows)
    table = resolve_usage(engine.connection, tables.usage, engine.rules(text))
    found = engine.connection.execute(f"SELECT quantity, team FROM {table} ORDER BY quantity").fetchall()
    assert [team for _, team in found] == ["search", "ads", "platform", "unattributed"]


def test_a_mapping_table_gives_team_and_project_and_what_it_lacks_falls_through(engine, charge):
    (engine.folder / "owners.csv").write_text("value,team,project,cost_center\n1111,SRCH,ranker,77\n2222,ads,,\n")
    text = TEAMS + "rules:\n  - owner: {mapping: {file: owners.csv, column: SubAccountId}}\n  - owner: platform\n"
    attribution = engine.attribute(text, [charge(1, SubAccountId=account) for account in ("1111", "2222", "3333")])
    found = engine.connection.execute(
        f"SELECT SubAccountId, team, project, cost_center FROM {attribution.allocations} ORDER BY 1"
    ).fetchall()
    assert found == [("1111", "search", "ranker", "77"), ("2222", "ads", "", ""), ("3333", "platform", "", "9")]
    assert [(one.column, one.value) for one in attribution.unmatched] == [("SubAccountId", "3333")]


def test_the_cost_center_is_the_rules_own_or_else_the_teams(engine, charge):
    text = TEAMS + (
        "rules:\n  - {owner: {team: tags.team, cost_center: tags.cc, environment: tags.env}}\n"
        "shared:\n  - {team: platform, split: {even: [search]}}\n"
    )
    charges = [
        charge(1, tags_team="search", tags_cc="1", tags_env="prod"),
        charge(2, tags_team="search"),
        charge(3, tags_team="platform", tags_cc="1"),
    ]
    attribution = engine.attribute(text, charges)
    found = engine.connection.execute(
        f"SELECT EffectiveCost, cost_center, environment FROM {attribution.allocations} ORDER BY 1"
    ).fetchall()
    assert found == [(1, "1", "prod"), (2, "4100", ""), (3, "4100", "")]


def test_dimensions_come_from_the_columns_that_reports_expect_unless_configured(engine, charge):
    row = charge(1, ServiceProviderName="New", ProviderName="Old", tags_model="large", tags_llm="small")
    query = "SELECT ProviderName, Model, BillingAccountId FROM attribution_allocations"
    engine.attribute(TEAMS, [row])
    assert engine.connection.execute(query).fetchall() == [("New", "large", "")]
    engine.attribute("dimensions: {Model: tags.llm}", [row])
    assert engine.connection.execute(query).fetchall() == [("New", "small", "")]


def test_unmatched_money_counts_each_charge_once_and_only_where_a_rule_would_have_claimed_it(engine, charge):
    text = TEAMS + (
        "rules:\n  - {match: {SubAccountId: '1'}, owner: ads}\n"
        + TAGGED
        + "  - {name: again, owner: {team: tags.team}}\n"
    )
    charges = [charge(2, tags_team="who", SubAccountId="1"), charge(3, tags_team="who"), charge(4, tags_team="who")]
    (found,) = engine.attribute(text, charges).unmatched
    assert (found.value, found.effective) == ("who", Decimal(7))


FOLLOWING = (
    TEAMS
    + "rules:\n"
    + TAGGED
    + (
        "  - {name: tax, match: {ChargeCategory: Tax}, follow: [BillingAccountId]}\n"
        "  - {name: fee, match: {ChargeCategory: Fee}, split: {by: cost, per: month}}\n"
    )
)


def test_a_day_given_the_other_days_costs_is_weighed_by_the_whole_month(engine, charge):
    ruleset = engine.rules(FOLLOWING)
    before = {"ChargePeriodStart": DAY - timedelta(days=3), "BillingAccountId": "A"}
    first = engine.resolved(engine.tables([charge(30, tags_team="search", **before)]), ruleset)
    phase_one_costs(engine.connection, begin(engine.connection, first, ruleset))
    engine.connection.execute(f"CREATE TABLE earlier AS SELECT * FROM {PHASE_ONE_COSTS}")
    today = engine.tables(
        [
            charge(10, tags_team="ads", BillingAccountId="A"),
            charge(8, ChargeCategory="Tax", BillingAccountId="A"),
            charge(4, ChargeCategory="Fee"),
        ]
    )
    given = replace(engine.resolved(today, ruleset), month_costs="earlier")
    rows = engine.rows(attribute(engine.connection, given, ruleset))
    assert {(row.rule, row.team): row.cost for row in rows} == {
        ("tag", "ads"): Decimal(10),
        ("tax", "search"): Decimal(6),
        ("tax", "ads"): Decimal(2),
        ("fee", "search"): Decimal(3),
        ("fee", "ads"): Decimal(1),
    }


def test_a_day_alone_says_that_it_was_not_weighed_by_the_month(engine, charge):
    assert needs_month(engine.rules(FOLLOWING))
    assert not needs_month(engine.rules(TEAMS))
    attribution = engine.attribute(FOLLOWING, [charge(1, ChargeCategory="Tax")])
    assert attribution.warnings == ("rule `tax`: weighed by the charges at hand, not by the whole month",)


AMOUNT = st.decimals(-(10**9), 10**9, places=12)


@settings(max_examples=at_most(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(AMOUNT, AMOUNT, st.integers(0, 23), st.sampled_from(["USD", "EUR"])), min_size=1, max_size=9))
@pytest.mark.slow
def test_every_source_currency_and_period_sums_exactly_and_twice_gives_the_same_rows(engine, charge, used, costs):
    rows = [
        charge(cost, BilledCost=billed, hour=hour, BillingCurrency=currency, x_Source=f"s{hour % 2}")
        for cost, billed, hour, currency in costs
    ]
    usage = [used("requests", team, hour + 1, hour=hour) for hour in range(0, 24, 5) for team in ("search", "ads")]
    text = TEAMS + "rules:\n  - {split: {by: requests, per: hour, without_usage: even}}\n"
    first = engine.arrow(engine.attribute(text, rows, usage))
    second = engine.arrow(engine.attribute(text, list(reversed(rows)), list(reversed(usage))))
    assert first.equals(second)
    for source, currency in {(row["x_Source"], row["BillingCurrency"]) for row in rows}:
        sums = engine.connection.execute(
            "SELECT sum(BilledCost), sum(EffectiveCost) FROM attribution_allocations"
            " WHERE x_Source = ? AND BillingCurrency = ?",
            [source, currency],
        ).fetchall()
        mine = [row for row in rows if (row["x_Source"], row["BillingCurrency"]) == (source, currency)]
        assert sums == [(sum(row["BilledCost"] for row in mine), sum(row["EffectiveCost"] for row in mine))]


def test_lost_money_is_a_bug_that_says_where(engine, charge):
    engine.attribute(TEAMS, [charge(10)])
    engine.connection.execute("UPDATE attribution_allocations SET BilledCost = BilledCost + 0.000000000001")
    with pytest.raises(MoneyLostError, match=r"aws.*USD.*10\.000000000001"):
        verify(engine.connection, "charges", "attribution_allocations")
