"""A made-up company in a real ledger, and the site that shows it."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from jinja2 import Environment, FileSystemBytecodeCache
from sqlalchemy import Connection, Engine, Table, insert

from alerts.alert import Alert, ChartPoint, Contributor
from attributor.ledger import tables
from attributor.ledger.alert_json import alert_to_json
from attributor.ledger.money_columns import money_values
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statements import Statement, record_statement
from attributor.ledger.team_days import sum_team_days
from attributor.periods import Month, days_between, start_of
from attributor.web import templating
from attributor.web.intake import PushCounts
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from collectors.push.log import EventLog, LogSettings
from rules.outcomes import Driver, UsageSplit
from rules.ruleset import Budget, Rule, Team

Row = dict[str, Any]
HOUR = timedelta(hours=1)
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
GPU_RULE = Rule("shared GPU cluster", UsageSplit((Driver("gpu.hours", "gpu-prod"),), idle="holder"))
LAST = {"aws": TODAY - timedelta(days=1), "gcp": TODAY - timedelta(days=2), "tokens": TODAY}
# What is charged every day: places with their source, lines with the dollars of each team's usual day; and one run.
COMPANY = json.loads((Path(__file__).parent / "company.json").read_text())
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


def put_costs(connection: Connection, *rows: Row) -> None:
    """Insert rollup rows, and sum their days as a publication does."""
    connection.execute(insert(tables.rollup), list(rows))
    sum_team_days(connection, {row["day"] for row in rows})


def published(source: str, day: date) -> Row:
    """Return the publication of a source's day."""
    row = {"source": source, "day": day, "charges_version": 1, "allocations_version": 1, "usage_versions": "{}"}
    at = start_of(day) + timedelta(days=1)
    return row | {"rules_digest": "r", "inputs_digest": "i", "epoch": 1, "published_at": at}


def _usual_costs(day: date, chance: random.Random) -> Iterator[Row]:
    for line in COMPANY["lines"]:
        facts = COMPANY["places"][line["place"]] | {"service": line["service"], "model": line["model"]}
        facts |= {"rule": line["rule"], "method": line["method"]}
        for team, dollars in line["usual"].items() if day <= LAST[facts["source"]] else ():
            level = Decimal("0.72") if day.weekday() >= 5 else Decimal(1)
            level *= 3 if (team, line["place"]) == ("support", "anthropic") and day >= date(2026, 11, 14) else 1
            level *= Decimal("0.4") if day == TODAY else 1
            cost = (dollars * level * chance.randint(900_000, 1_120_000) / 1_000_000).quantize(Decimal("1e-12"))
            basis = "estimated" if day == TODAY else "billed"
            project = "" if line["model"] else f"{team}-prod"
            yield cost_row(day, cost, team, basis=basis, project=project, list=cost * 2, **facts)


def _costs(chance: random.Random) -> Iterator[Row]:
    cluster = {"service": "Amazon EKS", "rule": "shared GPU cluster", "method": "usage", "account": "444455556666"}
    for day in days_between(FIRST, TODAY + timedelta(days=1)):
        yield from _usual_costs(day, chance)
        if day <= LAST["aws"]:
            yield cost_row(day, Decimal(chance.randint(150, 260)), "idle", idle_cause="unallocated", **cluster)
            yield cost_row(day, Decimal(chance.randint(60, 140)), "research", idle_cause="held", **cluster)
            passed_on = {"service": "Amazon EKS", "rule": "team tag", "shared_step": "platform"}
            yield cost_row(day, Decimal(chance.randint(40, 50)), "search", **passed_on)
    yield cost_row(date(2026, 11, 1), Decimal(24000), "research", service="AWS Marketplace", category="Purchase")


def _usage(chance: random.Random) -> Iterator[Row]:
    for day in days_between(date(2026, 11, 1), TODAY):
        for line in COMPANY["lines"]:
            for team, dollars in line["usual"].items() if line["model"] else ():
                row = {"source": "tokens", "day": day, "pool": "", "team": team, "model": line["model"]}
                for metric, count in TOKENS.items():
                    quantity = Decimal(count * dollars * chance.randint(90, 110) // 10_000)
                    yield row | {"metric": metric} | money_values("quantity", quantity)
        for team, hours in {"research": 190, "search": 48, "ads": 24}.items():
            row = {"source": "gpus", "day": day, "pool": "gpu-prod", "team": team, "model": ""}
            yield row | {"metric": "gpu.hours"} | money_values("quantity", Decimal(hours))
            yield row | {"metric": "gpu.busy_hours"} | money_values("quantity", Decimal(hours * 71) / 100)
        capacity = {"source": "gpus", "day": day, "pool": "gpu-prod", "team": "unattributed", "model": ""}
        yield capacity | {"metric": "gpu.capacity_hours"} | money_values("quantity", Decimal(288))


def _usage_hours() -> Iterator[Row]:
    """Yield 12 GPUs of which 11 are held by day and 10 by night, computing the harder the later in the day it is.

    Search holds two of them.
    """
    for day in days_between(date(2026, 11, 1), TODAY):
        for hour in range(24):
            held = Decimal(11 if 8 <= hour < 20 else 10)
            hours = {"gpu.capacity_hours": Decimal(12), "gpu.hours": held, "gpu.busy_hours": held * (12 + hour) / 36}
            for metric, quantity in hours.items():
                row = {"source": "gpus", "day": day, "hour": hour, "metric": metric, "pool": "gpu-prod"}
                yield row | {"team": ""} | money_values("quantity", quantity.quantize(Decimal("0.0001")))
                if metric != "gpu.capacity_hours":
                    of_search = (quantity * 2 / held).quantize(Decimal("0.0001"))
                    yield row | {"team": "search"} | money_values("quantity", of_search)


def _usage_by_fact() -> Iterator[Row]:
    """Yield one job a team, and keys, features and tiers of their calls."""
    for day in days_between(date(2026, 11, 1), TODAY):
        for team, hours in {"research": 190, "search": 48, "ads": 24}.items():
            job = {"source": "gpus", "day": day, "pool": "gpu-prod", "team": team, "model": "", "fact": "job"}
            for metric, quantity in {"gpu.hours": Decimal(hours), "gpu.busy_hours": Decimal(hours * 71) / 100}.items():
                yield job | {"value": f"{team}-training", "metric": metric} | money_values("quantity", quantity)
            call = {"source": "tokens", "day": day, "pool": "", "team": team, "model": "gpt-5-mini"}
            for fact, value in {"key": f"key-{team}", "feature": "ranking", "tier": "batch"}.items():
                for metric, count in TOKENS.items():
                    quantity = Decimal(count * hours // 100)
                    yield call | {"fact": fact, "value": value, "metric": metric} | money_values("quantity", quantity)


def alert_row(alert: Alert) -> Row:
    """Return a firing alert."""
    row = {"key": alert.key, "kind": alert.kind, "team": alert.team, "severity": alert.severity, "status": "firing"}
    return row | {"body": alert_to_json(alert), "first_seen": alert.started_at, "last_seen": NOW}


def _alerts() -> list[Row]:
    since = NOW - timedelta(hours=5)
    common = {"started_at": since, "currency": "USD", "link": "/teams/support?month=2026-11"}
    days = tuple(ChartPoint(f"2026-11-{day:02d}", Decimal(130 + 260 * (day > 13)), day > 13) for day in range(1, 18))
    runaway = Alert(
        "spend:support",
        "spend_anomaly",
        "support",
        "critical",
        "Customer support spends three times its usual on the Anthropic API",
        "$390 yesterday against $130 on such a day; claude-sonnet-4-5 makes up 94 % of the rise.",
        amount=Decimal(390),
        threshold=Decimal(130),
        contributors=(Contributor("claude-sonnet-4-5 · org-2", Decimal("366.6"), "94 %"),),
        chart=days,
        **common,
    )
    gpus = tuple(Contributor(f"GPU-{number:04d} on gpu-04", Decimal("11.14"), "idle for 5 h") for number in range(14))
    title, summary = "14 GPUs of gpu-prod idle for 5 hours", "Below 10 % since 04:30 UTC; they cost $31.20 an hour."
    idle = Alert("idle:research", "idle_gpu", "research", "warning", title, summary, contributors=gpus, **common)
    spent = "$11,440 of $9,000 with 12 days to go."
    budget = Alert("budget:ads:2026-11", "budget", "ads", "critical", "Ads passed its hard limit", spent, since)
    silent = Alert("freshness:gcp", "freshness", "", "warning", "gcp is silent", "Nothing for two days.", since)
    silent = replace(silent, link="/health")
    idle = replace(idle, amount=Decimal(156), link="/teams/research?month=2026-11")
    return [alert_row(alert) for alert in (runaway, idle, budget, silent)]


def _sources() -> list[Row]:
    def source(name: str, table: str = "charges", **given: Any) -> Row:
        return {"source": name, "table_name": table, "tried_at": JUST_NOW, "succeeded_at": JUST_NOW} | given

    refused = "403 from storage.googleapis.com: the service account may not list the bucket"
    failing = {"succeeded_at": NOW - timedelta(days=1), "error": refused, "error_is_permanent": True}
    return [source("aws"), source("gcp", **failing), source("gpus", "usage"), source("tokens")]


def _coverage() -> list[Row]:
    ends = {"aws": start_of(TODAY), "gcp": start_of(LAST["gcp"]), "tokens": JUST_NOW, "gpus": NOW - timedelta(hours=9)}
    return [{"source": name, "start": start_of(FIRST), "end": end} for name, end in ends.items()]


def _failed_deliveries() -> list[Row]:
    row = {"group_key": "g", "kind": "firing", "body": "{}", "created_at": JUST_NOW, "due_at": NOW + HOUR}
    gone = {"channel": "slack", "state": "failed", "attempts": 3, "error": "404 no_service"}
    down = {"channel": "ops", "state": "pending", "attempts": 2, "error": "could not reach ops.example: refused"}
    return [
        row | gone | {"id": "1", "team": "ads"},
        row | gone | {"id": "2", "team": "search"},
        row | down | {"id": "3", "team": "ads"},
    ]


def _runs() -> list[Row]:
    summary = COMPANY["run"]
    calm = summary | {"sources": [], "failures": [], "attributed_days": [], "warnings": [], "messages": {"sent": 0}}
    at = {"started_at": JUST_NOW - timedelta(seconds=75), "finished_at": JUST_NOW}
    return [
        {"id": "r1", "summary": json.dumps(summary)} | at,
        {"id": "r2", "summary": json.dumps(calm)} | at,
        {"id": "r3", "summary": "nine sources"} | at,
        {"id": "r4", "started_at": NOW},
    ]


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
    lease = {"name": "leader", "holder": "host-1", "epoch": 7, "expires_at": NOW + timedelta(seconds=30)}
    content: dict[Table, list[Row]] = {
        tables.rollup: list(_costs(chance)),
        tables.usage_rollup: list(_usage(chance)),
        tables.usage_hours: list(_usage_hours()),
        tables.usage_by_fact: list(_usage_by_fact()),
        tables.publications: days,
        tables.sources: _sources(),
        tables.coverage: _coverage(),
        tables.alerts: _alerts(),
        tables.outbox: _failed_deliveries(),
        tables.unmatched_owners: [stray | money_values("effective", Decimal("212.4"))],
        tables.runs: _runs(),
        tables.leases: [lease],
    }
    with engine.begin() as connection:
        for table, rows in content.items():
            names = {name: None for row in rows for name in row}
            connection.execute(insert(table), [names | row for row in rows])
        sum_team_days(connection, {row["day"] for row in content[tables.rollup]})
        september = Month(2026, 9)
        closed_at = datetime(2026, 10, 5, 8, tzinfo=UTC)
        content = statement_content(connection, september)
        record_statement(connection, Statement(september, 0, closed_at, "ana", "r", content))


def copy(whole: Engine, into: Engine) -> None:
    """Make one SQLite ledger what another one is."""
    with closing(whole.raw_connection()) as source, closing(into.raw_connection()) as target:
        source.driver_connection.backup(target.driver_connection)


def site_of(engine: Engine, teams: Mapping[str, Team] = TEAMS, reasons: tuple[str, ...] = (), **more: Any) -> FastAPI:
    """Return the site of a ledger at NOW."""
    more = {"rules": lambda: (GPU_RULE,)} | more
    return build_site(
        SiteParts(engine, lambda: teams, "Halcyon Robotics", lambda: NOW, lambda: b"up 1\n", lambda: reasons, **more)
    )


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile each template once for all the sites of this session."""
    kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templating, "Environment", partial(Environment, bytecode_cache=kept))
        yield


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory, make_ledger: Callable[[Path], Engine]) -> Iterator[Engine]:
    """The company's ledger, to be copied: no test writes to it."""
    engine = make_ledger(tmp_path_factory.mktemp("untouched"))
    fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def company(
    tmp_path_factory: pytest.TempPathFactory, make_ledger: Callable[[Path], Engine], untouched: Engine
) -> Iterator[Engine]:
    engine = make_ledger(tmp_path_factory.mktemp("company"))
    copy(untouched, engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def make_site() -> Callable[..., FastAPI]:
    """Return `site_of`, for tests that show another ledger, other teams or reasons not to be ready."""
    return site_of


@pytest.fixture(scope="session")
def fill_ledger(untouched: Engine) -> Callable[[Engine], None]:
    """Make an empty ledger a copy of the company's, for tests that change the company."""
    return lambda engine: copy(untouched, engine)


@pytest.fixture(scope="session")
def make_rows() -> SimpleNamespace:
    """Return what makes rows: `cost` for the rollup, which `put` inserts, `published` for publications."""
    return SimpleNamespace(cost=cost_row, put=put_costs, published=published)


@pytest.fixture(scope="session")
def teams() -> Mapping[str, Team]:
    """The company's teams."""
    return TEAMS


PUSHED_AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
"""When events come in that are pushed to `log`."""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """A log of pushed events that is open for writing."""
    log = EventLog(tmp_path / "events", lambda: PUSHED_AT, LogSettings())
    yield log
    log.close()


@pytest.fixture
def counts() -> list[PushCounts]:
    """What the routes told of what they stored."""
    return []
