"""A made-up company in a real ledger, and the site that shows it."""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, Table, insert

from alerts.alert import Alert
from attributor.ledger import tables
from attributor.ledger.alert_json import alert_to_json
from attributor.ledger.engine import open_engine
from attributor.ledger.money_columns import money_values
from attributor.periods import days_between, start_of
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from rules.ruleset import Budget, Team

Row = dict[str, Any]
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
FIRST, TODAY, JUST_NOW = date(2026, 8, 15), NOW.date(), NOW - timedelta(minutes=4)
TEAMS = {
    "search": Team("search", "Search", ("srch",), owner="@ana", slack="#search-costs", budget=Budget(Decimal(42000))),
    "ads": Team("ads", "Ads", cost_center="4200", owner="@bo", slack="#ads", budget=Budget(Decimal(9000))),
    "research": Team("research", "Research", owner="@chen", slack="#research", budget=Budget(Decimal(90000))),
    "platform": Team("platform", "Platform", cost_center="4000", owner="@dee", slack="#platform"),
    "data": Team("data", "Data", cost_center="4300", owner="@eli", budget=Budget(Decimal(9500))),
    "support": Team("support", "Customer support", owner="@fay", budget=Budget(Decimal(4600))),
}
LAST = {"aws": TODAY - timedelta(days=1), "gcp": TODAY - timedelta(days=2), "tokens": TODAY}
PLACES = {
    "aws": ("aws", "AWS", "111122223333"),
    "gpu": ("aws", "AWS", "444455556666"),
    "stray": ("aws", "AWS", "777788889999"),
    "gcp": ("gcp", "Google Cloud", "ml-prod"),
    "openai": ("tokens", "OpenAI", "org-1"),
    "anthropic": ("tokens", "Anthropic", "org-2"),
}
# place, service, model, rule, method, the dollars of each team's usual day
LINES: tuple[tuple[str, str, str, str, str, dict[str, int]], ...] = (
    ("aws", "Amazon EC2", "", "team tag", "direct", {"search": 420, "ads": 310, "data": 160}),
    ("aws", "Amazon S3", "", "team tag", "direct", {"data": 140, "search": 60, "research": 75}),
    ("gpu", "Amazon EKS", "", "shared GPU cluster", "usage", {"research": 1450, "search": 380, "ads": 190}),
    ("gpu", "Amazon CloudWatch", "", "support plan", "cost", {"platform": 90, "search": 22, "ads": 17}),
    ("gcp", "Vertex AI", "", "research account", "direct", {"research": 860}),
    ("gcp", "BigQuery", "", "team tag", "direct", {"data": 210, "ads": 120}),
    ("openai", "OpenAI API", "gpt-5-mini", "api keys", "direct", {"search": 110, "support": 95}),
    ("openai", "OpenAI API", "gpt-5", "api keys", "direct", {"search": 240, "ads": 65}),
    ("openai", "OpenAI API", "text-embedding-3-large", "api keys", "direct", {"search": 34}),
    ("anthropic", "Anthropic API", "claude-sonnet-4-5", "api keys", "direct", {"support": 130, "research": 90}),
    ("anthropic", "Anthropic API", "claude-haiku-4-5", "api keys", "direct", {"support": 25, "ads": 31}),
    ("stray", "Amazon EC2", "", "", "unattributed", {"unattributed": 180}),
)
TOKENS = {"tokens.input": 61_000_000, "tokens.cached_input": 20_500_000, "tokens.output": 7_400_000, "requests": 48_000}


def cost_row(day: date, cost: str | Decimal, team: str, **given: Any) -> Row:
    """Return a rollup row; the three costs are equal unless given."""
    texts = ("project", "environment", "cost_center", "model", "rule", "shared_step", "idle_cause", "fallback")
    row: Row = dict.fromkeys(texts, "")
    row |= {"source": "aws", "service": "Amazon EC2", "provider": "AWS", "account": "1", "category": "Usage"}
    row |= {"currency": "USD", "basis": "billed", "method": "direct", "day": day, "team": team}
    row |= {"billing_month": f"{day:%Y-%m}"} | given
    for name in ("effective", "billed", "list"):
        row |= money_values(name, Decimal(row.pop(name, cost)))
    return row


def published(source: str, day: date) -> Row:
    """Return the publication of a source's day."""
    row = {"source": source, "day": day, "charges_version": 1, "allocations_version": 1, "usage_versions": "{}"}
    at = start_of(day) + timedelta(days=1)
    return row | {"rules_digest": "r", "inputs_digest": "i", "epoch": 1, "published_at": at}


def _usual_costs(day: date, chance: random.Random) -> Iterator[Row]:
    for place, service, model, rule, method, usual in LINES:
        source, provider, account = PLACES[place]
        facts = {"source": source, "provider": provider, "account": account, "service": service, "model": model}
        for team, dollars in usual.items() if day <= LAST[source] else ():
            level = Decimal("0.72") if day.weekday() >= 5 else Decimal(1)
            level *= 3 if (team, place) == ("support", "anthropic") and day >= date(2026, 11, 14) else 1
            level *= Decimal("0.4") if day == TODAY else 1
            cost = (dollars * level * chance.randint(900_000, 1_120_000) / 1_000_000).quantize(Decimal("1e-12"))
            basis = "estimated" if day == TODAY else "billed"
            project = "" if model else f"{team}-prod"
            yield cost_row(
                day, cost, team, rule=rule, method=method, basis=basis, project=project, list=cost * 2, **facts
            )


def _costs(chance: random.Random) -> Iterator[Row]:
    cluster = {"service": "Amazon EKS", "rule": "shared GPU cluster", "method": "usage", "account": "444455556666"}
    for day in days_between(FIRST, TODAY + timedelta(days=1)):
        yield from _usual_costs(day, chance)
        if day <= LAST["aws"]:
            yield cost_row(day, Decimal(chance.randint(150, 260)), "idle", idle_cause="unallocated", **cluster)
            yield cost_row(day, Decimal(chance.randint(60, 140)), "research", idle_cause="held", **cluster)
            passed_on = {"service": "Amazon EKS", "rule": "team tag", "shared_step": "platform"}
            yield cost_row(day, Decimal(chance.randint(40, 50)), "search", **passed_on)


def _usage(chance: random.Random) -> Iterator[Row]:
    for day in days_between(date(2026, 11, 1), TODAY):
        for _, _, model, _, _, usual in LINES:
            for team, dollars in usual.items() if model else ():
                row = {"source": "tokens", "day": day, "pool": "", "team": team, "model": model}
                for metric, count in TOKENS.items():
                    quantity = Decimal(count * dollars * chance.randint(90, 110) // 10_000)
                    yield row | {"metric": metric} | money_values("quantity", quantity)
        for team, hours in {"research": 190, "search": 48, "ads": 24}.items():
            row = {"source": "gpus", "day": day, "pool": "gpu-prod", "team": team, "model": ""}
            yield row | {"metric": "gpu.hours"} | money_values("quantity", Decimal(hours))
            yield row | {"metric": "gpu.busy_hours"} | money_values("quantity", Decimal(hours * 71) / 100)


def alert_row(alert: Alert) -> Row:
    """Return a firing alert."""
    row = {"key": alert.key, "kind": alert.kind, "team": alert.team, "severity": alert.severity, "status": "firing"}
    return row | {"body": alert_to_json(alert), "first_seen": alert.started_at, "last_seen": NOW}


def _alerts() -> list[Row]:
    since = NOW - timedelta(hours=5)
    runaway = Alert(
        "spend:support",
        "spend_anomaly",
        "support",
        "critical",
        "Customer support spends three times its usual on the Anthropic API",
        "$390 yesterday against $130 on such a day; claude-sonnet-4-5 makes up 94 % of the rise.",
        since,
    )
    gpus = "Below 10 % since 04:30 UTC; they cost $31.20 an hour."
    idle = Alert(
        "idle:research", "idle_gpu", "research", "warning", "14 GPUs of gpu-prod idle for 5 hours", gpus, since
    )
    spent = "$11,440 of $9,000 with 12 days to go."
    budget = Alert("budget:ads:2026-11", "budget", "ads", "critical", "Ads passed its hard limit", spent, since)
    return [alert_row(alert) for alert in (runaway, idle, budget)]


def _sources() -> list[Row]:
    def source(name: str, table: str = "charges", **given: Any) -> Row:
        return {"source": name, "table_name": table, "tried_at": JUST_NOW, "succeeded_at": JUST_NOW} | given

    refused = "403 from storage.googleapis.com: the service account may not list the bucket"
    failing = {"succeeded_at": NOW - timedelta(days=1), "error": refused, "error_is_permanent": True}
    return [source("aws"), source("gcp", **failing), source("gpus", "usage"), source("tokens")]


def _coverage() -> list[Row]:
    ends = {"aws": start_of(TODAY), "gcp": start_of(LAST["gcp"]), "tokens": JUST_NOW, "gpus": NOW - timedelta(hours=9)}
    return [{"source": name, "start": start_of(FIRST), "end": end} for name, end in ends.items()]


def _failed_delivery() -> Row:
    row = {"id": "1", "group_key": "g", "channel": "slack", "kind": "firing", "team": "ads", "body": "{}"}
    return row | {
        "created_at": JUST_NOW,
        "due_at": JUST_NOW,
        "state": "failed",
        "attempts": 3,
        "error": "404 no_service",
    }


def fill(engine: Engine) -> None:
    """Fill a ledger with the company."""
    chance = random.Random(7)
    days = [
        published(name, day) for name, last in LAST.items() for day in days_between(FIRST, last + timedelta(days=1))
    ]
    stray = {
        "source": "aws",
        "day": date(2026, 11, 3),
        "column_name": "tags.team",
        "value": "serach",
        "currency": "USD",
    }
    run = {"id": "r1", "started_at": JUST_NOW, "finished_at": JUST_NOW, "summary": "4 sources, 3 days published"}
    lease = {"name": "leader", "holder": "host-1", "epoch": 7, "expires_at": NOW + timedelta(seconds=30)}
    content: dict[Table, list[Row]] = {
        tables.rollup: list(_costs(chance)),
        tables.usage_rollup: list(_usage(chance)),
        tables.publications: days,
        tables.sources: _sources(),
        tables.coverage: _coverage(),
        tables.alerts: _alerts(),
        tables.outbox: [_failed_delivery()],
        tables.unmatched_owners: [stray | money_values("effective", Decimal("212.4"))],
        tables.runs: [run],
        tables.leases: [lease],
    }
    with engine.begin() as connection:
        for table, rows in content.items():
            names = {name: None for row in rows for name in row}
            connection.execute(insert(table), [names | row for row in rows])


def new_ledger(folder: Path) -> Engine:
    """Return an empty ledger with its tables."""
    engine = open_engine(f"sqlite:///{folder / 'ledger.db'}")
    tables.metadata.create_all(engine)
    return engine


def site_of(engine: Engine, teams: Mapping[str, Team] = TEAMS, reasons: tuple[str, ...] = ()) -> FastAPI:
    """Return the site of a ledger at NOW."""
    return build_site(
        SiteParts(engine, lambda: teams, "Halcyon Robotics", lambda: NOW, lambda: b"up 1\n", lambda: reasons)
    )


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = new_ledger(tmp_path_factory.mktemp("company"))
    fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def make_site() -> Callable[..., FastAPI]:
    """Return `site_of`, for tests that show another ledger, other teams or reasons not to be ready."""
    return site_of


@pytest.fixture(scope="session")
def make_ledger() -> Callable[[Path], Engine]:
    """Return `new_ledger`."""
    return new_ledger


@pytest.fixture(scope="session")
def make_rows() -> SimpleNamespace:
    """Return what makes rows: `cost` for the rollup, `published` for publications."""
    return SimpleNamespace(cost=cost_row, published=published)


@pytest.fixture(scope="session")
def teams() -> Mapping[str, Team]:
    """The company's teams."""
    return TEAMS
