"""Usage in detail: hour by hour, and by what it says of itself, each summing to the day."""

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from attributor.attributing.days import USAGE_FACTS
from attributor.attributing.usage_details import usage_fact_rows, usage_hour_rows
from attributor.ledger.published_rows import USAGE_BY_FACT, USAGE_HOURS

DAY = date(2026, 11, 5)


@pytest.fixture
def put():
    """Return a function that puts usage of 5 November, 08:00 UTC, unless said otherwise, and gives the connection."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    facts = ", ".join(f"fact_{name} VARCHAR" for name in USAGE_FACTS)
    connection.execute(
        "CREATE TABLE used (x_Source VARCHAR, x_Day DATE, hour TIMESTAMPTZ, metric VARCHAR, pool VARCHAR,"
        f" quantity DECIMAL(38, 12), team VARCHAR, {facts})"
    )

    def put(metric: str, quantity: str, **given: str) -> duckdb.DuckDBPyConnection:
        row = {"x_Source": "one", "x_Day": str(DAY), "hour": f"{DAY} 08:00:00+00", "pool": "prod", "team": "search"}
        row |= {f"fact_{name}": "" for name in USAGE_FACTS} | given | {"metric": metric, "quantity": quantity}
        columns, marks = ", ".join(row), ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO used ({columns}) VALUES ({marks})", list(row.values()))
        return connection

    yield put
    connection.close()


def test_gpu_hours_are_kept_by_hour_of_the_utc_day(put):
    put("gpu.hours", "1.5", hour="2026-11-05 00:00:00+00")
    put("gpu.hours", "0.5", hour="2026-11-05 00:00:00+00", team="ads")
    put("gpu.busy_hours", "1", hour="2026-11-05 23:00:00+00")
    put("gpu.hours", "7", x_Day="2026-11-06", hour="2026-11-06 00:00:00+00")
    rows = usage_hour_rows(put("tokens.input", "9"), "used", [DAY]).select(USAGE_HOURS.names).cast(USAGE_HOURS)
    found = {(row["hour"], row["metric"], row["team"]): row["quantity"] for row in rows.to_pylist()}
    assert found == {
        (0, "gpu.hours", ""): Decimal(2),
        (0, "gpu.hours", "search"): Decimal("1.5"),
        (0, "gpu.hours", "ads"): Decimal("0.5"),
        (23, "gpu.busy_hours", ""): Decimal(1),
        (23, "gpu.busy_hours", "search"): Decimal(1),
    }


def test_what_is_there_is_no_teams(put):
    rows = usage_hour_rows(put("gpu.capacity_hours", "8", team="unattributed"), "used", [DAY]).to_pylist()
    assert [(row["team"], row["quantity"]) for row in rows] == [("", Decimal(8))]


def test_usage_is_kept_by_the_first_of_its_facts_that_it_says(put):
    put("gpu.hours", "3", fact_job="train-7", fact_namespace="vision")
    put("gpu.hours", "2", fact_namespace="vision")
    put("gpu.hours", "9")
    put("tokens.input", "10", fact_api_key="sk-1", fact_key_alias="ranking", fact_service_tier="batch")
    rows = usage_fact_rows(put("requests", "4", fact_api_key="sk-2", fact_feature="chat"), "used", [DAY])
    rows = rows.select(USAGE_BY_FACT.names).cast(USAGE_BY_FACT)
    assert {(row["fact"], row["value"], row["metric"], row["quantity"]) for row in rows.to_pylist()} == {
        ("job", "train-7", "gpu.hours", Decimal(3)),
        ("job", "vision", "gpu.hours", Decimal(2)),
        ("key", "ranking", "tokens.input", Decimal(10)),
        ("key", "sk-2", "requests", Decimal(4)),
        ("feature", "chat", "requests", Decimal(4)),
        ("tier", "batch", "tokens.input", Decimal(10)),
    }


def test_of_many_keys_the_largest_stand_by_themselves_and_nothing_is_lost(put):
    for number in range(1, 131):
        connection = put("tokens.input", str(number), fact_api_key=f"key-{number:03d}")
    rows = usage_fact_rows(connection, "used", [DAY]).to_pylist()
    assert len(rows) == 101
    assert sum(row["quantity"] for row in rows) == sum(range(1, 131))
    assert next(row["quantity"] for row in rows if row["value"] == "(other)") == sum(range(1, 31))
