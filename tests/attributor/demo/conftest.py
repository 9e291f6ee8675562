"""A small made-up company, written once, and readers of its files that share no code with what wrote them."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan, DemoReport

NOW = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)


@dataclass(frozen=True)
class Demo:
    """A demo's folder, what was asked for, and what was answered."""

    folder: Path
    plan: DemoPlan
    report: DemoReport

    def incident(self, name: str) -> dict[str, Any]:
        """Return an incident as incidents.json tells it."""
        document = json.loads((self.folder / "incidents.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = next(each for each in document["incidents"] if each["id"] == name)
        return found

    def bill(self, source: str) -> list[dict[str, str]]:
        """Return all charges of a source as the text that stands in its files; null is ""."""
        return [row for path in sorted((self.folder / "bills" / source).iterdir()) for row in charges(path)]

    def usage(self, family: str) -> list[dict[str, str]]:
        """Return all rows of one family of usage files."""
        return [row for path in sorted((self.folder / "usage").glob(f"{family}-*.csv")) for row in charges(path)]


def charges(path: Path) -> list[dict[str, str]]:
    """Return a file's rows as text by column; null and NULL are ""."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
        return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    reader = csv.DictReader(io.StringIO(data.decode("utf-8")))
    return [{name: "" if value == "NULL" else value for name, value in row.items()} for row in reader]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo of its defaults, as of a Saturday late in a month."""
    folder = tmp_path_factory.mktemp("demo")
    plan = DemoPlan(now=NOW)
    return Demo(folder, plan, write_company(folder, plan))


@pytest.fixture(scope="session")
def write_demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Demo]:
    """Return a function that writes another demo."""

    def write(**changes: Any) -> Demo:
        folder = tmp_path_factory.mktemp("other")
        plan = DemoPlan(**({"now": NOW, "days": 12, "charges": 2_000} | changes))
        return Demo(folder, plan, write_company(folder, plan))

    return write


@pytest.fixture(scope="session")
def cost() -> Callable[[list[dict[str, str]]], Decimal]:
    """Return a function that sums effective cost."""

    def summed(rows: list[dict[str, str]]) -> Decimal:
        return sum((Decimal(row["EffectiveCost"]) for row in rows), Decimal())

    return summed
