"""Digests from a published ledger: what is due comes once a team and channel."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete, insert

from alerts.calendar import Rounds
from alerts.digest import DigestFacts
from attributor.config.settings import DigestSettings
from attributor.ledger import tables
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.engine import reading
from attributor.ledger.money_columns import money_values
from attributor.periods import month_of
from attributor.reports.view import View, frame
from attributor.watching.digests import digest_facts, previewed_digests, tell_digests
from rules.ruleset import Budget, Team

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
TEAMS = {"search": Team("search", "Search", budget=Budget(Decimal(900))), "ads": Team("ads")}
DAILY = DigestSettings("day", Rounds(time(8)), ("slack", "mail"))


def cost(day: date, team: str, amount: str, service: str = "EC2", idle: str = "") -> dict[str, object]:
    texts = ("project", "environment", "cost_center", "model", "rule", "shared_step", "fallback", "provider", "account")
    row: dict[str, object] = dict.fromkeys(texts, "")
    row |= {"source": "aws", "service": service, "category": "Usage", "currency": "USD", "basis": "billed"}
    row |= {"method": "direct", "day": day, "team": team, "billing_month": f"{day:%Y-%m}", "idle_cause": idle}
    for column in ("effective", "billed", "list"):
        row |= money_values(column, Decimal(amount))
    return row


@pytest.fixture
def engine(ledger_engine: Engine) -> Engine:
    days = [date(2026, 11, 1) + timedelta(days=number) for number in range(19)]
    rows = [cost(day, team, str(10 + day.day)) for day in days for team in TEAMS]
    rows += [cost(days[-1], "search", "2.5", "EKS", "held")]
    at = NOW - timedelta(hours=2)
    published = {"charges_version": 1, "allocations_version": 1, "usage_versions": "{}", "rules_digest": "r"}
    published |= {"inputs_digest": "i", "epoch": 1, "published_at": at, "source": "aws"}
    with ledger_engine.begin() as connection:
        connection.execute(insert(tables.rollup), rows)
        connection.execute(insert(tables.publications), [published | {"day": day} for day in days])
    return ledger_engine


def facts_of(engine: Engine, period: str) -> DigestFacts:
    with reading(engine) as connection:
        seen = frame(connection, View(month_of(NOW.date()), NOW))
        return digest_facts(connection, seen, TEAMS, TEAMS["search"], period)  # type: ignore[arg-type]


def test_a_day_is_the_last_that_every_source_told_of(engine: Engine) -> None:
    facts = facts_of(engine, "day")
    assert (facts.first, facts.end) == (date(2026, 11, 19), date(2026, 11, 20))
    assert (facts.spent, facts.before, facts.idle) == (Decimal("31.5"), Decimal(22), Decimal("2.5"))
    assert facts.month_so_far == sum(range(11, 30)) + Decimal("2.5")
    assert (facts.budget, facts.name) == (Decimal(900), "Search")
    assert [each.service for each in facts.services] == ["EC2", "EKS"]


def test_a_week_stands_beside_the_week_before(engine: Engine) -> None:
    facts = facts_of(engine, "week")
    assert (facts.first, facts.spent) == (date(2026, 11, 13), Decimal("184.5"))
    assert facts.before == sum(range(16, 23))


def test_what_cost_nothing_in_the_weeks_before_is_new(engine: Engine) -> None:
    row = cost(date(2026, 11, 19), "search", "4", "Bedrock") | {"model": "opus-5"}
    with engine.begin() as connection:
        connection.execute(insert(tables.rollup), [row])
    new = [(each.kind, each.name, each.spent) for each in facts_of(engine, "day").newcomers]
    assert new == [("model", "opus-5", 4), ("service", "Bedrock", 4), ("service", "EKS", Decimal("2.5"))]
    with engine.begin() as connection:
        connection.execute(delete(tables.rollup).where(tables.rollup.c.day < date(2026, 11, 13)))
    assert facts_of(engine, "week").newcomers == (), "of before nothing is known"


def test_a_preview_says_the_same_and_leaves_nothing(engine: Engine) -> None:
    log = LedgerAlertLog(engine)
    [message] = previewed_digests(engine, TEAMS, [TEAMS["search"]], "day", NOW)
    tell_digests(engine, (DAILY,), {"search": TEAMS["search"]}, log, NOW)
    sent = log.due(NOW)[0].message
    assert (sent.alerts, list(sent.alerts[0].facts)) == (message.alerts, list(message.alerts[0].facts))
    assert sent.id != message.id


def test_what_is_due_comes_once_a_team_and_channel(engine: Engine) -> None:
    log = LedgerAlertLog(engine)
    assert tell_digests(engine, (DAILY,), TEAMS, log, NOW - timedelta(hours=9)) == 0, "too late for yesterday's"
    assert tell_digests(engine, (DAILY,), TEAMS, log, NOW) == 4
    assert tell_digests(engine, (DAILY,), TEAMS, log, NOW + timedelta(minutes=5)) == 0
    told = {(each.message.channel, each.message.team, each.message.kind) for each in log.due(NOW)}
    assert told == {(channel, team, "digest") for channel in ("slack", "mail") for team in TEAMS}
    assert tell_digests(engine, (DAILY,), TEAMS, log, NOW + timedelta(days=1)) == 4


def test_only_the_teams_that_are_named_get_it(engine: Engine) -> None:
    weekly = DigestSettings("week", Rounds(time(8)), ("slack",), ("sea*",))
    assert tell_digests(engine, (weekly,), TEAMS, LedgerAlertLog(engine), NOW) == 1
