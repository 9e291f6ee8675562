"""What the tests of rules share: a connection, charges and usage written short, and rules written as YAML."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml

from rules.attribute import Attribution, DayTables, attribute
from rules.explain import explain
from rules.explanation import Explanation, Question
from rules.load import Loaded, load
from rules.located import read_yaml
from rules.ruleset import RuleSet
from rules.schema import ALLOCATIONS
from rules.usage import resolve_usage

MONEY = pa.decimal128(38, 12)
INSTANT = pa.timestamp("us", tz="UTC")
TAGS = pa.map_(pa.string(), pa.string())
CHARGES = pa.schema(
    [
        *((name, MONEY) for name in ("BilledCost", "EffectiveCost", "ListCost")),
        ("BillingCurrency", pa.string()),
        *((name, INSTANT) for name in ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart")),
        *(
            (name, pa.string())
            for name in (
                "ServiceName",
                "ServiceProviderName",
                "ProviderName",
                "BillingAccountId",
                "SubAccountId",
                "ChargeCategory",
                "RegionId",
                "ResourceId",
                "ResourceName",
                "InvoiceId",
                "CommitmentDiscountStatus",
            )
        ),
        ("ConsumedQuantity", pa.decimal128(38, 18)),
        ("Tags", TAGS),
        *((name, pa.string()) for name in ("x_Source", "x_Basis", "x_Origin")),
    ]
)
USAGE = pa.schema(
    [
        ("hour", INSTANT),
        ("metric", pa.string()),
        ("pool", pa.string()),
        ("quantity", MONEY),
        ("facts", TAGS),
        ("x_Source", pa.string()),
    ]
)
COVERAGE = pa.schema([("source", pa.string()), ("start", INSTANT), ("end", INSTANT)])
DAY = datetime(2026, 10, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Row:
    """One allocation, by what most tests look at."""

    team: str
    cost: Decimal
    rule: str
    method: str
    idle_cause: str
    fallback: str
    shared_step: str


def _charge(cost: Any = 0, **columns: Any) -> dict[str, Any]:
    hour = columns.pop("hour", None)
    start = DAY if hour is None else DAY + hour * HOUR
    given = {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "BillingCurrency": "USD",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + (timedelta(days=1) if hour is None else HOUR),
        "BillingPeriodStart": DAY.replace(day=1),
        "x_Source": "aws",
        "x_Basis": "billed",
        "x_Origin": "bill.csv:1",
    }
    tags = {key.removeprefix("tags_"): columns.pop(key) for key in list(columns) if key.startswith("tags_")}
    charge = {**given, **columns, "Tags": {**tags, **columns.get("Tags", {})}}
    for name in ("BilledCost", "EffectiveCost", "ListCost"):
        charge[name] = Decimal(str(charge[name]))
    return charge


def _used(metric: str, team: str | None, quantity: Any, hour: float = 0, **columns: Any) -> dict[str, Any]:
    facts = {} if team is None else {"team": team}
    given = {"hour": DAY + hour * HOUR, "metric": metric, "pool": "pool", "x_Source": "metrics"}
    return {**given, "quantity": Decimal(str(quantity)), "facts": {**facts, **columns.pop("facts", {})}, **columns}


def _table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    listed = [
        {**row, **{key: list(row[key].items()) for key in ("Tags", "facts") if isinstance(row.get(key), Mapping)}}
        for row in rows
    ]
    return pa.Table.from_pylist(listed, schema=schema)


def _some(table: pa.Table, names: Iterable[str]) -> pa.Table:
    return table.select([name for name in names if name in table.column_names])


def _read(text: str, folder: Path) -> Loaded:
    root, problems = read_yaml(dedent(text), "rules.yaml")
    assert root is not None, problems
    loaded = load(root, folder)
    return Loaded(loaded.ruleset, (*problems, *loaded.problems))


@pytest.fixture
def charge() -> Callable[..., dict[str, Any]]:
    return _charge


@pytest.fixture
def used() -> Callable[..., dict[str, Any]]:
    return _used


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The plain loop of reference.py, which lies beside this file."""
    spec = spec_from_file_location("rules_reference", Path(__file__).with_name("reference.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def as_yaml() -> Callable[[Any], str]:
    """Write plain maps and lists as YAML."""
    return lambda document: yaml.safe_dump(document, sort_keys=False)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Loaded]:
    """Rules from YAML text, with their problems."""
    return lambda text: _read(text, tmp_path)


@pytest.fixture(scope="session")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET GLOBAL TimeZone = 'UTC'")
        yield opened


@pytest.fixture
def connection(database: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with temporary tables of its own, to one database: opening one takes as long as many a test."""
    with database.cursor() as opened:
        yield opened


@dataclass(frozen=True)
class Engine:
    """Attribution of rows written in a test."""

    connection: duckdb.DuckDBPyConnection
    folder: Path

    def tables(
        self,
        charges: Iterable[Mapping[str, Any]],
        usage: Iterable[Mapping[str, Any]] = (),
        covered: Iterable[tuple[str, datetime, datetime]] = (),
    ) -> DayTables:
        bill = _table(charges, CHARGES)
        self.connection.register("charges", bill)
        self.connection.register("usage", _table(usage, USAGE))
        rows = [{"source": source, "start": start, "end": end} for source, start, end in covered]
        self.connection.register("coverage", pa.Table.from_pylist(rows, schema=COVERAGE))
        return DayTables("charges", "usage", "coverage", columns=lambda names: [_some(bill, names)])

    def charge(self, *cost: Any, **columns: Any) -> dict[str, Any]:
        return _charge(*cost, **columns)

    def used(self, *given: Any, **columns: Any) -> dict[str, Any]:
        return _used(*given, **columns)

    def rules(self, text: str) -> RuleSet:
        loaded = _read(text, self.folder)
        assert not loaded.problems, "\n".join(map(str, loaded.problems))
        return loaded.ruleset

    def resolved(self, tables: DayTables, ruleset: RuleSet) -> DayTables:
        return replace(tables, usage=resolve_usage(self.connection, tables.usage, ruleset))

    def attribute(self, text: str, *args: Any, **kwargs: Any) -> Attribution:
        ruleset = self.rules(text)
        return attribute(self.connection, self.resolved(self.tables(*args, **kwargs), ruleset), ruleset)

    def explain(self, text: str, question: Question, *args: Any, **kwargs: Any) -> Explanation:
        ruleset = self.rules(text)
        return explain(self.connection, self.resolved(self.tables(*args, **kwargs), ruleset), ruleset, question)

    def rows(self, attribution: Attribution) -> list[Row]:
        found = self.connection.execute(
            "SELECT team, EffectiveCost, rule, method, idle_cause, fallback, shared_step"
            f" FROM {attribution.allocations} ORDER BY team, idle_cause, shared_step, rule"
        ).fetchall()
        return [Row(*row) for row in found]

    def by_team(self, text: str, *args: Any, **kwargs: Any) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for row in self.rows(self.attribute(text, *args, **kwargs)):
            sums[row.team] = sums.get(row.team, Decimal(0)) + row.cost
        return sums

    def arrow(self, attribution: Attribution) -> pa.Table:
        selected = ", ".join(ALLOCATIONS.names)
        return self.connection.sql(f"SELECT {selected} FROM {attribution.allocations}").to_arrow_table()


@pytest.fixture
def engine(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Engine:
    return Engine(connection, tmp_path)


@pytest.fixture(scope="module")
def shared_engine(database: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine for what a whole module asks of the same rows."""
    with database.cursor() as opened:
        yield Engine(opened, tmp_path_factory.mktemp("rules"))
