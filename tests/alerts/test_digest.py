"""What a digest says, by what is known."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.channels.wording import in_lines
from alerts.digest import DigestFacts, Newcomer, ServiceSpend, digest_id, digest_message

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
FACTS = DigestFacts(
    team="search",
    name="Search",
    period="day",
    first=date(2026, 11, 19),
    end=date(2026, 11, 20),
    currency="USD",
    month_so_far=Decimal(1900),
    services=(ServiceSpend("EC2", Decimal(90), Decimal(80)), ServiceSpend("S3", Decimal(30), Decimal(40))),
    idle=Decimal(0),
    days=((date(2026, 11, 19), Decimal(120)),),
    alerts=(),
    link="/teams/search?month=2026-11",
)


def summary(facts):
    return digest_message(facts, "id", "slack", NOW).alerts[0].summary.splitlines()


def test_a_calm_day_says_what_it_cost_and_what_rose():
    message = digest_message(FACTS, "id", "slack", NOW)
    [alert] = message.alerts
    assert (message.kind, message.group, message.id) == ("digest", "search:digest", "id")
    assert alert.title == "Search, Thu 19 Nov: $120.00"
    assert summary(FACTS) == ["$120.00, +$0.00 (+0.0 %) on a week before.", "Look at EC2: +$10.00 (+12.5 %)."]
    assert [(each.label, each.note) for each in alert.contributors] == [
        ("EC2", "+$10.00 (+12.5 %)"),
        ("S3", "−$10.00 (−25.0 %)"),
    ]
    assert alert.chart[0].marked


def test_idle_money_and_a_forecast_above_the_budget_deserve_a_look():
    facts = replace(FACTS, services=(), idle=Decimal("7.5"), budget=Decimal(2000), forecast=Decimal(2500))
    assert summary(facts) == [
        "$0.00; a week before nothing is known.",
        "Look at $7.50 for idle capacity; the month is forecast to exceed its budget by $500.00.",
    ]
    fields = digest_message(facts, "id", "slack", NOW).alerts[0].facts
    assert (fields["Month so far"], fields["Month's forecast"]) == ("$1,900.00 of $2,000.00", "$2,500.00")


def test_what_is_new_is_named_first_and_long_lists_are_cut():
    spent = (("model", "opus-5", "12.5"), ("service", "Bedrock", "9"), ("model", "haiku", "2"), ("service", "S4", "1"))
    newcomers = tuple(Newcomer(kind, name, Decimal(cost)) for kind, name, cost in spent)
    [*_, line] = summary(replace(FACTS, newcomers=newcomers))
    assert line == (
        "Look at new model opus-5 ($12.50); new service Bedrock ($9.00); new model haiku ($2.00); 1 more that are new; "
        "EC2: +$10.00 (+12.5 %)."
    )


def test_a_channel_of_plain_text_gets_all_that_the_digest_says():
    lines = list(in_lines(digest_message(replace(FACTS, idle=Decimal("7.5")), "id", "mail", NOW), ""))
    assert {"  Idle: $7.50", "  Open alerts: 0", "  Month so far: $1,900.00"} <= set(lines)


def test_the_worst_alerts_are_named_and_the_others_counted(alert):
    several = tuple(alert(f"spend:search:S{number}:2026-11-19", title=f"S{number}") for number in range(5))
    lines = summary(replace(FACTS, alerts=several))
    assert lines[1:5] == ["• warning: S0", "• warning: S1", "• warning: S2", "• … and 2 more"]


def test_a_week_is_named_by_its_last_day():
    facts = replace(FACTS, period="week", first=FACTS.end - timedelta(days=7))
    assert digest_message(facts, "id", "slack", NOW).alerts[0].title == "Search, the week to 19 Nov: $120.00"


@pytest.mark.parametrize("other", [("ads", "day", "slack"), ("search", "week", "slack"), ("search", "day", "mail")])
def test_each_team_period_and_channel_has_a_message_of_its_own(other):
    team, period, channel = other
    assert digest_id("search", "day", NOW.date(), "slack") != digest_id(team, period, NOW.date(), channel)
