"""A made-up company in a real ledger, and the site that shows it."""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, Table, insert

from attributor.ledger import tables
from attributor.ledger.engine import open_engine
from attributor.ledger.money_columns import money_values
from attributor.periods import days_between, start_of
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from rules.ruleset import Budget, Team

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
FIRST, TODAY = date(2026, 8, 15), NOW.date()
TEAMS = {
    "search": Team("search", "Search", ("srch",), owner="@ana", slack="#search-costs", budget=Budget(Decimal(42000))),
    "ads": Team("ads", "Ads", cost_center="4200", owner="@bo", slack="#ads", budget=Budget(Decimal(30000))),
    "research": Team("research", "Research", owner="@chen", slack="#research", budget=Budget(Decimal(90000))),
    "platform": Team("platform", "Platform", cost_center="4000", owner="@dee", slack="#platform"),
    "data": Team("data", "Data", cost_center="4300", owner="@eli", budget=Budget(Decimal(16000))),
    "support": Team("support", "Customer support", owner="@fay", budget=Budget(Decimal(9000))),
}
# source, provider, account, service, category, model, rule, method, teams with the dollars of their usual day
LINES: tuple[tuple[Any, ...], ...] = (
    ("aws", "AWS", "111122223333", "Amazon EC2", "Usage", "", "team tag", "direct", {"search": 420, "ads": 310, "data": 160}),
    ("aws", "AWS", "111122223333", "Amazon S3", "Usage", "", "team tag", "direct", {"data": 140, "search": 60, "research": 75}),
    ("aws", "AWS", "444455556666", "Amazon EKS", "Usage", "", "shared GPU cluster", "usage", {"research": 1450, "search": 380, "ads": 190}),
    ("aws", "AWS", "444455556666", "Amazon CloudWatch", "Usage", "", "support plan", "cost", {"platform": 90, "search": 22, "ads": 17}),
    ("gcp", "Google Cloud", "ml-prod", "Vertex AI", "Usage", "", "research account", "direct", {"research": 860}),
    ("gcp", "Google Cloud", "warehouse", "BigQuery", "Usage", "", "team tag", "direct", {"data": 210, "ads": 120}),
    ("tokens", "OpenAI", "org-1", "OpenAI API", "Usage", "gpt-5-mini", "api keys", "direct", {"search": 110, "support": 95}),
    ("tokens", "OpenAI", "org-1", "OpenAI API", "Usage", "gpt-5", "api keys", "direct", {"search": 240, "ads": 65}),
    ("tokens", "OpenAI", "org-1", "OpenAI API", "Usage", "text-embedding-3-large", "api keys", "direct", {"search": 34}),
    ("tokens", "Anthropic", "org-2", "Anthropic API", "Usage", "claude-sonnet-4-5", "api keys", "direct", {"support": 130, "research": 90}),
    ("tokens", "Anthropic", "org-2", "Anthropic API", "Usage", "claude-haiku-4-5", "api keys", "direct", {"support": 25, "ads": 31}),
    ("aws", "AWS", "777788889999", "Amazon EC2", "Usage", "", "", "unattributed", {"unattributed": 180}),
)  # fmt: skip
LAST = {"aws": TODAY - timedelta(days=1), "gcp": TODAY - timedelta(days=2), "tokens": TODAY}
TOKENS = {"tokens.input": 61_000_000, "tokens.cached_input": 20_500_000, "tokens.output": 7_400_000, "requests": 48_000}

Insert = Callable[[Table, list[dict[str, Any]]], None]


def cost_row(day: date, cost: str | Decimal, team: str, **given: Any) -> dict[str, Any]:
    """Return a rollup row; the three costs are equal unless given."""
    texts = ("project", "environment", "cost_center", "model", "rule", "shared_step", "idle_cause", "fallback")
    row: dict[str, Any] = dict.fromkeys(texts, "")
    row |= {"source": "aws", "service": "Amazon EC2", "provider": "AWS", "account": "1", "category": "Usage"}
    row |= {"currency": "USD", "basis": "billed", "method": "direct", "day": day, "team": team}
    row |= {"billing_month": f"{day:%Y-%m}"} | given
    costs = {"effective": cost, "billed": cost, "list": cost}
    for name, usual in costs.items():
        row |= money_values(name, Decimal(row.pop(name, usual)))
    return row


def published(source: str, day: date) -> dict[str, Any]:
    """Return the publication of a source's day."""
    versions = {"charges_version": 1, "allocations_version": 1, "usage_versions": "{}"}
    at = start_of(day) + timedelta(days=1)
    return (
        {"source": source, "day": day, "rules_digest": "r", "inputs_digest": "i", "epoch": 1}
        | versions
        | {"published_at": at}
    )


def _rows(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in days_between(FIRST, TODAY + timedelta(days=1)):
        weekend = Decimal("0.72") if day.weekday() >= 5 else Decimal(1)
        for source, provider, account, service, category, model, rule, method, usual in LINES:
            for team, dollars in usual.items():
                if day > LAST[source]:
                    continue
                noise = Decimal(chance.randint(900_000, 1_120_000)) / 1_000_000
                runaway = (
                    Decimal(3)
                    if team == "support" and model == "claude-sonnet-4-5" and day >= date(2026, 11, 14)
                    else 1
                )
                part = Decimal("0.4") if day == TODAY else 1
                cost = (Decimal(dollars) * weekend * noise * runaway * part).quantize(Decimal("1e-12"))
                facts = {
                    "source": source,
                    "provider": provider,
                    "account": account,
                    "service": service,
                    "category": category,
                }
                facts |= {
                    "model": model,
                    "rule": rule,
                    "method": method,
                    "project": f"{team}-prod" if model == "" else "",
                }
                facts |= {"basis": "estimated" if source == "tokens" and day == TODAY else "billed", "list": cost * 2}
                yield cost_row(day, cost, team, **facts)
        if day <= LAST["aws"]:
            idle = {"service": "Amazon EKS", "rule": "shared GPU cluster", "method": "usage", "account": "444455556666"}
            yield cost_row(day, Decimal(chance.randint(150, 260)), "idle", idle_cause="unallocated", **idle)
            yield cost_row(day, Decimal(chance.randint(60, 140)), "research", idle_cause="held", **idle)
            shared = {"service": "Amazon EKS", "rule": "team tag", "method": "direct", "shared_step": "platform"}
            yield cost_row(day, Decimal(chance.randint(40, 50)), "search", **shared)


def _usage(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in days_between(date(2026, 11, 1), TODAY):
        for *_, model, _rule, _method, usual in LINES:
            for team, dollars in usual.items() if model else ():
                for metric, count in TOKENS.items():
                    amount = Decimal(count * dollars * chance.randint(90, 110) // 10_000)
                    yield {
                        "source": "tokens",
                        "day": day,
                        "metric": metric,
                        "pool": "",
                        "team": team,
                        "model": model,
                    } | money_values("quantity", amount)
        for team, hours in {"research": 190, "search": 48, "ads": 24}.items():
            gpus = {"source": "gpus", "day": day, "pool": "gpu-prod", "team": team, "model": ""}
            yield gpus | {"metric": "gpu.hours"} | money_values("quantity", Decimal(hours))
            yield gpus | {"metric": "gpu.busy_hours"} | money_values("quantity", Decimal(hours * 71) / 100)


def _alert(key: str, kind: str, team: str, severity: str, **body: Any) -> dict[str, Any]:
    times = {"first_seen": NOW - timedelta(hours=5), "last_seen": NOW}
    return {
        "key": key,
        "kind": kind,
        "team": team,
        "severity": severity,
        "status": "firing",
        "body": orjson.dumps(body).decode(),
    } | times


def _state() -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    ago = NOW - timedelta(minutes=4)
    yield tables.sources, [
        {"source": "aws", "table_name": "charges", "tried_at": ago, "succeeded_at": ago},
        {"source": "gcp", "table_name": "charges", "tried_at": ago, "succeeded_at": NOW - timedelta(days=1), "error": "403 from storage.googleapis.com: the service account may not list the bucket", "error_is_permanent": True},
        {"source": "gpus", "table_name": "usage", "tried_at": ago, "succeeded_at": ago},
        {"source": "tokens", "table_name": "charges", "tried_at": ago, "succeeded_at": ago},
    ]  # fmt: skip
    ends = {name: start_of(day) + timedelta(days=1) for name, day in LAST.items()} | {
        "tokens": ago,
        "gpus": NOW - timedelta(hours=9),
    }
    yield tables.coverage, [{"source": name, "start": start_of(FIRST), "end": end} for name, end in ends.items()]
    yield tables.alerts, [
        _alert("spend:support:anthropic", "spend_anomaly", "support", "critical", title="Customer support spends three times its usual on the Anthropic API", summary="$390 yesterday against $130 on such a day; claude-sonnet-4-5 makes up 94 % of the rise.", currency="USD", amount="390.12", threshold="180"),
        _alert("idle:research:gpu-prod", "idle_gpu", "research", "warning", title="14 GPUs of gpu-prod idle for 6 hours", summary="Below 10 % since 03:30 UTC; they cost $31.20 an hour.", currency="USD", amount="187.2", threshold="0"),
        _alert("budget:data:2026-11", "budget", "data", "info", title="Data will end the month above its budget", summary="Expected $17,900 of $16,000.", currency="USD", amount="17900", threshold="16000"),
    ]  # fmt: skip
    yield tables.outbox, [{"id": "1", "group_key": "g", "channel": "slack", "kind": "firing", "team": "ads", "body": "{}", "created_at": ago, "state": "failed", "attempts": 3, "due_at": ago, "error": "404 no_service"}]  # fmt: skip
    yield (
        tables.runs,
        [
            {
                "id": "r1",
                "started_at": ago,
                "finished_at": NOW - timedelta(minutes=3),
                "summary": "4 sources, 3 days published",
            }
        ],
    )
    yield tables.leases, [{"name": "leader", "holder": "host-1", "epoch": 7, "expires_at": NOW + timedelta(seconds=30)}]
    yield tables.unmatched_owners, [{"source": "aws", "day": date(2026, 11, 3), "column_name": "tags.team", "value": "serach", "currency": "USD"} | money_values("effective", Decimal("212.4"))]  # fmt: skip


def fill(engine: Engine) -> None:
    """Fill a ledger with the company."""
    chance = random.Random(7)
    with engine.begin() as connection:
        connection.execute(insert(tables.rollup), list(_rows(chance)))
        connection.execute(insert(tables.usage_rollup), list(_usage(chance)))
        days = [
            published(source, day)
            for source, last in LAST.items()
            for day in days_between(FIRST, last + timedelta(days=1))
        ]
        connection.execute(insert(tables.publications), days)
        for table, rows in _state():
            for row in rows:
                connection.execute(insert(table).values(row))


def site_of(engine: Engine, teams: Mapping[str, Team], company: str = "Halcyon Robotics") -> FastAPI:
    """Return the site of a ledger at NOW."""
    return build_site(SiteParts(engine, lambda: teams, company, lambda: NOW, lambda: b"up 1\n", lambda: ()))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("company") / "ledger.db"
    engine = open_engine(f"sqlite:///{path}")
    tables.metadata.create_all(engine)
    fill(engine)
    yield engine
    engine.dispose()
