"""A team's report: its own money only, its models with their tokens, its pools, its alerts, and near names."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from alerts.alert import Alert, Contributor
from attributor.ledger.alert_json import alert_to_json
from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import alerts, unmatched_owners, usage_rollup
from attributor.periods import Month
from attributor.reports.narrowing import Filter
from attributor.reports.owners import UnknownTeamError
from attributor.reports.team import team_report
from attributor.reports.view import View
from rules.outcomes import Driver, UsageSplit
from rules.ruleset import Budget, Rule, Team

OCTOBER = Month(2026, 10)
TEAMS = {
    "search": Team("search", "Search", aliases=("srch",), owner="@ana", slack="#s", budget=Budget(Decimal(100))),
    "research": Team("research"),
}


@pytest.fixture
def see(engine, now):
    def see(team: str = "search", **view):
        return team_report(engine, TEAMS, team, View(OCTOBER, now, **view))

    return see


@pytest.fixture
def put_usage(engine):
    def put(metric: str, quantity: str, team: str = "search", model: str = "", pool: str = "") -> None:
        row = {
            "source": "tokens",
            "day": date(2026, 10, 5),
            "metric": metric,
            "pool": pool,
            "team": team,
            "model": model,
        }
        with engine.begin() as connection:
            connection.execute(insert(usage_rollup).values(row | money_values("quantity", Decimal(quantity))))

    return put


def test_a_prompt_of_an_own_model_is_worth_what_its_cache_held_too_and_both_are_shown(see, put_cost, put_usage):
    put_cost("6", model="own-model")
    put_usage("tokens.input", "1000000", model="own-model")
    put_usage("tokens.cached_input", "2000000", model="own-model")
    put_usage("tokens.output", "1000000", model="own-model")
    (model,) = see().models
    assert (model.input_tokens, model.cached_input_tokens, model.output_tokens) == (1_000_000, 2_000_000, 1_000_000)
    assert model.cost_per_million == Decimal("1.5")


def test_models_show_cost_tokens_and_the_price_of_a_million(see, put_cost, put_usage):
    put_cost("6", model="gpt-5")
    put_usage("tokens.input", "1500000", model="gpt-5")
    put_usage("tokens.output", "500000", model="gpt-5")
    put_usage("tokens.input", "7", model="free-model")
    put_usage("tokens.input", "9", team="research", model="gpt-5")
    first, second = see().models
    assert (first.model, first.cost, first.input_tokens, first.output_tokens) == ("gpt-5", 6, 1_500_000, 500_000)
    assert (first.cost_per_million, first.cached_input_tokens, first.requests) == (3, None, None)
    assert (second.model, second.cost, second.input_tokens) == ("free-model", 0, 7)


def test_pools_show_hours_held_and_the_share_that_computed(see, put_usage):
    put_usage("gpu.hours", "8", pool="a100")
    put_usage("gpu.busy_hours", "6", pool="a100")
    put_usage("gpu.hours", "2", pool="h100")
    first, second = see().pools
    assert (first.pool, first.held_hours, first.busy_hours, first.busy_share) == ("a100", 8, 6, Decimal("0.75"))
    assert (second.pool, second.busy_hours, second.busy_share) == ("h100", None, None)


@pytest.mark.parametrize(("more", "account"), [("0", "1111"), ("2", "")])
def test_an_estimate_without_an_account_compares_with_what_was_billed_of_all(
    see, put_cost, put_published, more, account
):
    for source in ("bill", "bill.estimated"):
        put_published(date(2026, 9, 1), date(2026, 10, 20), source)
    api = {"service": "API", "model": "gpt-5"}
    put_cost("5", day=date(2026, 9, 5), account="1111", **api)
    put_cost("3", account="1111", **api)
    put_cost(more, account="2222", **api)
    put_cost("4", basis="estimated", source="bill.estimated", **api)
    put_cost("1", account="2222", service="API", model="other")
    first, second = see().drivers
    assert (first.account, first.model, first.cost, first.previous) == (account, "gpt-5", 7 + int(more), 5)
    assert (second.account, second.model, second.cost, second.change) == ("2222", "other", 1, 1)


def test_the_burn_rate_is_the_mean_of_the_last_seven_whole_days(see, put_cost, put_published):
    put_published(date(2026, 10, 1), date(2026, 10, 20))
    for day in range(1, 13):
        put_cost("100", day=date(2026, 10, day))
    for day in range(13, 19):
        put_cost("7", day=date(2026, 10, day))
    assert see().burn_rate == 6, "19 October was published and cost nothing: zero is not missing"


def test_the_forecast_and_the_budget_are_of_the_team_alone(see, put_cost, put_published):
    put_published(date(2026, 9, 1), date(2026, 10, 20))
    for offset in range(49):
        put_cost("2", day=date(2026, 9, 1) + timedelta(days=offset))
        put_cost("50", day=date(2026, 9, 1) + timedelta(days=offset), team="research")
    found = see()
    assert found.budget is not None
    assert (found.budget.spent, found.budget.used, found.budget.state) == (38, Decimal("0.38"), "on_track")
    assert found.forecast is not None
    assert Decimal(60) <= found.forecast.amount <= Decimal(64)


def test_shared_steps_idle_causes_and_fallbacks_are_told(see, put_cost):
    put_cost("1", rule="cluster", method="usage", idle_cause="held", service="GPU")
    put_cost("2", rule="platform", method="usage", shared_step="platform", fallback="previous:zero")
    found = see()
    assert [(line.cause, line.service, line.cost) for line in found.idle] == [("held", "GPU", 1)]
    assert [(line.rule, line.shared_step, line.fallback) for line in found.rules] == [
        ("platform", "platform", "previous:zero"),
        ("cluster", "", ""),
    ]


def test_idle_capacity_stands_on_one_page_whoever_answers_for_it(see, put_cost):
    put_cost("1", team="research", idle_cause="held")
    put_cost("2", team="search", idle_cause="unallocated")
    put_cost("4", team="idle")
    put_cost("8", team="search")
    found = see("idle")
    assert found.total == 4
    assert [(line.team, line.name, line.cause, line.cost) for line in found.idle_teams] == [
        ("idle", "Idle capacity", "", 4),
        ("search", "Search", "unallocated", 2),
        ("research", "research", "held", 1),
    ]
    assert see("search").idle_teams == ()


def test_a_purchase_is_told_apart_from_usage(see, put_cost):
    put_cost("3", category="Usage")
    put_cost("50", category="Purchase")
    put_cost("1000", category="Purchase", team="research")
    found = see()
    assert [(line.category, line.cost) for line in found.categories] == [("Usage", 3), ("Purchase", 50)]
    assert [(day.cost, day.usage) for day in found.days] == [(53, 3)]


def test_only_open_alerts_of_the_team_are_shown_the_worst_first(see, engine):
    now = datetime(2026, 10, 20, tzinfo=UTC)
    alike = [("a", "search", "warning", "firing"), ("b", "search", "critical", "acknowledged")]
    for key, team, severity, status in [
        *alike,
        ("c", "search", "critical", "resolved"),
        ("d", "ads", "info", "firing"),
    ]:
        began, parts = now - timedelta(days=3), (Contributor("GPUs", Decimal(1), "idle"),)
        alert = Alert(key, "budget", team, severity, f"title of {key}", "", began, "USD", Decimal("1.5"))
        alert = replace(alert, contributors=parts, link="/teams/search?month=2026-10")
        row = {"key": key, "kind": "budget", "team": team, "severity": severity, "status": status}
        with engine.begin() as connection:
            values = row | {"body": alert_to_json(alert), "first_seen": now, "last_seen": now}
            connection.execute(insert(alerts).values(values))
    assert [(alert.title, alert.status, alert.amount) for alert in see().alerts] == [
        ("title of b", "acknowledged", Decimal("1.5")),
        ("title of a", "firing", Decimal("1.5")),
    ]
    told = see().alerts[0]
    assert (told.started_at, told.first_seen) == (now - timedelta(days=3), now)
    assert (told.contributors, told.link) == (parts, "/teams/search?month=2026-10")


def test_what_is_unattributed_shows_the_owner_values_that_name_no_team(see, engine, put_cost):
    put_cost("5", team="unattributed")
    row = {"source": "bill", "day": date(2026, 10, 5), "column_name": "tags.team", "value": "serach", "currency": "USD"}
    with engine.begin() as connection:
        connection.execute(insert(unmatched_owners).values(row | money_values("effective", Decimal(5))))
    assert [(line.column, line.value, line.cost) for line in see("unattributed").unmatched] == [
        ("tags.team", "serach", 5)
    ]
    assert see("search").unmatched == ()


def test_a_team_that_only_old_charges_know_can_still_be_seen(see, put_cost):
    put_cost("5", team="dissolved")
    assert see("dissolved").total == 5


def test_an_unknown_team_is_told_with_near_ones(see):
    with pytest.raises(UnknownTeamError, match="did you mean search") as caught:
        see("serch")
    assert caught.value.near[0] == "search"
    with pytest.raises(UnknownTeamError) as caught:
        see("SRCH2")
    assert caught.value.near[0] == "search", "an alias is a name too"
    with pytest.raises(UnknownTeamError) as caught:
        see("zzzzzz")
    assert caught.value.near == ()


def test_opportunities_are_what_stood_idle_and_models_that_read_little_from_a_cache(see, put_cost, put_usage):
    put_cost("5", service="GPU", idle_cause="held")
    put_cost("2", service="GPU", idle_cause="low")
    put_cost("9", service="Savings plan", idle_cause="unused_commitment")
    put_cost("50", service="API", model="gpt-5")
    put_cost("70", service="API", model="careful")
    put_usage("tokens.input", "900000", model="gpt-5")
    put_usage("tokens.cached_input", "100000", model="gpt-5")
    put_usage("tokens.input", "500000", model="careful")
    put_usage("tokens.cached_input", "500000", model="careful")
    assert [(line.kind, line.what, line.amount, line.is_wasted, line.share) for line in see().opportunities] == [
        ("little_cached", "gpt-5", 50, False, Decimal("0.1")),
        ("unused_commitment", "Savings plan", 9, True, None),
        ("idle_gpus", "GPU", 7, True, None),
    ]


def test_shared_costs_say_why_by_the_rules_in_use(engine, now, put_cost):
    put_cost("3", rule="cluster", method="usage")
    put_cost("2", rule="team tag", method="direct")
    put_cost("1", rule="team tag", method="direct", shared_step="platform")
    rule = Rule("cluster", UsageSplit((Driver("gpu.hours", "a100"),), per="hour"))
    found = team_report(engine, TEAMS, "search", View(OCTOBER, now), (rule,))
    assert [(line.rule, line.is_shared, line.why) for line in found.rules] == [
        ("cluster", True, "split by gpu.hours of a100, hour by hour"),
        ("team tag", False, "named in the charge"),
        ("team tag", True, "named in the charge"),
    ]


def test_unit_costs_are_of_the_team_alone(see, put_cost, put_usage, put_published):
    put_published(date(2026, 10, 1), date(2026, 10, 20))
    put_cost("6", model="gpt-5")
    put_cost("4")
    put_cost("90", team="research", model="gpt-5")
    for team, count in (("search", "3000"), ("research", "9000")):
        put_usage("requests", count, team=team, model="gpt-5")
        put_usage("answers", "4", team=team)
    assert [(line.metric, line.per, line.unit_cost) for line in see().unit_costs] == [
        ("answers", 1, Decimal("2.5")),
        ("requests", 1000, 2),
    ]
    assert see(filters=(Filter("service", ("API",)),)).unit_costs == ()


def test_a_budget_says_what_a_day_may_cost_and_when_it_is_used_up(see, put_cost, put_published):
    put_published(date(2026, 10, 1), date(2026, 10, 20))
    for day in range(1, 20):
        put_cost("4", day=date(2026, 10, day))
    found = see()
    assert (found.a_day, found.burn_rate, found.runs_out) == (2, 4, date(2026, 10, 26))
    assert (see("research").a_day, see("research").runs_out) == (None, None)


def test_what_another_currency_pays_for_is_not_shown_as_free_in_this_one(see, put_cost, put_usage):
    put_cost("6", model="gpt-5")
    put_usage("tokens.input", "1500000", model="gpt-5")
    put_usage("tokens.output", "7", model="free of charge")
    assert [line.model for line in see().models] == ["gpt-5", "free of charge"]
    put_cost("2", currency="EUR")
    assert [line.model for line in see().models] == ["gpt-5"]
    assert see(currency="EUR").models == ()
