"""How long the server takes for its pages, on a ledger of 60 teams, 20 services and 96 days.

    python tests/bench/bench_pages.py [--teams 60] [--services 20] [--days 96]

Prints the best and the median of nine answers, the whole way from the request to the compressed page. Limits: 200 ms
for the overview, 100 ms for a team. Exits 1 where the best of one passes its limit.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.ledger.engine import open_engine
from attributor.ledger.money_columns import money_values
from attributor.ledger.schema import migrate
from attributor.ledger.team_days import sum_team_days
from attributor.periods import days_between, start_of
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from rules.ruleset import Budget, Team

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
SOURCES = ("aws", "azure", "gcp", "llm")
LIMITS = {"/": 0.2, "/?month=2026-10": 0.2, "/teams/team-7": 0.1}
ANSWERS = 9


def rows_of(day: date, teams: int, services: int, chance: random.Random) -> list[dict[str, Any]]:
    """Return one day of the rollup: a row a team and service."""
    names = [column.name for column in tables.rollup.columns]
    texts = [
        name for name in names if name not in {"id", "corrected_day"} and not name.endswith(("_millionths", "_rest"))
    ]
    rows = []
    for team in range(teams):
        for service in range(services):
            row: dict[str, Any] = dict.fromkeys(texts, "") | {"day": day, "billing_month": f"{day:%Y-%m}"}
            row |= {"source": SOURCES[service % 4], "currency": "USD", "category": "Usage", "method": "direct"}
            row |= {"team": f"team-{team}", "service": f"service {service}", "rule": "team tag", "basis": "billed"}
            cost = Decimal(chance.randint(1, 10**15)).scaleb(-12)
            for basis in ("billed", "effective", "list"):
                row |= money_values(basis, cost)
            rows.append(row)
    return rows


def fill(engine: Engine, teams: int, services: int, days: int) -> None:
    """Fill a ledger up to yesterday."""
    chance = random.Random(7)
    first, end = NOW.date() - timedelta(days=days), NOW.date()
    published = {"charges_version": 1, "allocations_version": 1, "usage_versions": "{}", "epoch": 1}
    published |= {"rules_digest": "r", "inputs_digest": "i", "published_at": NOW}
    with engine.begin() as connection:
        for day in days_between(first, end):
            connection.execute(insert(tables.rollup), rows_of(day, teams, services, chance))
            sum_team_days(connection, (day,))
            told = [published | {"source": source, "day": day} for source in SOURCES]
            connection.execute(insert(tables.publications), told)
        covered = [{"source": source, "start": start_of(first), "end": start_of(end)} for source in SOURCES]
        connection.execute(insert(tables.coverage), covered)


def times(client: TestClient, path: str) -> list[float]:
    """Return the seconds of each answer, after one that warms up."""
    found = []
    for _ in range(ANSWERS + 1):
        began = time.perf_counter()
        answer = client.get(path)
        found.append(time.perf_counter() - began)
        if answer.status_code != 200:
            sys.exit(f"{path} answered {answer.status_code}")
    return found[1:]


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in {"teams": 60, "services": 20, "days": 96}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    asked = parser.parse_args()
    teams = {f"team-{number}": Team(f"team-{number}", budget=Budget(Decimal(300_000))) for number in range(asked.teams)}
    late = False
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'ledger.db'}")
        migrate(engine)
        fill(engine, asked.teams, asked.services, asked.days)
        site = build_site(SiteParts(engine, lambda: teams, "Bench", lambda: NOW, lambda: b"", lambda: ()))
        for path, limit in LIMITS.items():
            taken = times(TestClient(site), path)
            late |= min(taken) > limit
            print(f"{path:18} best {min(taken) * 1000:4.0f} ms, median {statistics.median(taken) * 1000:4.0f} ms")
        engine.dispose()
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
