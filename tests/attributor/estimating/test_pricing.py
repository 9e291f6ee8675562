"""Quantity times price, exactly: held against fractions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from examples import at_most
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from attributor.config.settings import Price
from attributor.estimating.pricing import price_usage, priced_sums
from collectors.schema import USAGE
from rules.matchers import EVERYTHING, OneOf

HOUR = datetime(2026, 11, 10, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def price(amount: str, per: int = 1, **more) -> Price:
    values = {"name": "p", "metric": "m", "currency": "USD", "provider": "P", "service": "S", "match": EVERYTHING}
    return Price(price=Decimal(amount), per=per, **{**values, **more})


def row(quantity: str, hour: int = 8, origin: str = "u.csv:1", **facts: str) -> dict:
    return {
        "hour": HOUR.replace(hour=hour),
        "metric": "m",
        "pool": "pool",
        "quantity": Decimal(quantity),
        "facts": list(facts.items()),
        "x_Source": "gateway",
        "x_Origin": origin,
        "x_Day": HOUR.date(),
    }


def units(connection: duckdb.DuckDBPyConnection, prices: list[Price], *rows: dict) -> list[int]:
    connection.register("usage", pa.Table.from_pylist(list(rows), schema=USAGE))
    price_usage(connection, "usage", prices)
    return [each.units for each in priced_sums(connection)]


def half_even(amount: Fraction) -> int:
    return round(amount)  # Python rounds fractions half-even


@given(
    quantity=st.integers(1, 9 * 10**24),
    amount=st.integers(1, 10**13),
    places=st.integers(0, 12),
    per=st.integers(1, 10**12),
)
@example(quantity=9 * 10**24, amount=10**13 - 1, places=12, per=1)
@example(quantity=1, amount=1, places=0, per=2)
@example(quantity=3, amount=1, places=0, per=2)
@settings(max_examples=at_most(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_amount_is_exact_and_rounded_half_even_once(connection, quantity, amount, places, per) -> None:
    of_price, of_usage = Decimal(amount).scaleb(-places), Decimal(quantity).scaleb(-12)
    found = units(connection, [price(f"{of_price:f}", per)], row(f"{of_usage:f}"))
    assert found == [half_even(Fraction(quantity) * Fraction(of_price) / per)]


def test_rows_of_an_hour_and_set_of_facts_add_up_before_they_are_rounded(connection) -> None:
    tiny = "0.000000000001"
    together = units(connection, [price("1", 2)], row(tiny, team="a"), row(tiny, origin="u.csv:2", team="a"))
    apart = units(connection, [price("1", 2)], row(tiny, team="a"), row(tiny, team="b"))
    assert (together, apart) == ([1], [0])


def test_the_first_price_that_matches_and_holds_on_the_day_prices_a_row(connection) -> None:
    ended = price("100", name="ended", end=date(2026, 11, 10))
    other = price("100", name="other", metric="n")
    narrow = price("3", name="narrow", match=OneOf("model", ("a",)))
    wide = price("2", name="wide", start=date(2026, 11, 10))
    found = units(connection, [ended, other, narrow, wide], row("1", model="a"), row("1", model="b"), row("0"))
    assert found == [5 * 10**12]


def test_usage_that_no_price_matches_and_no_price_at_all_are_nothing(connection) -> None:
    assert units(connection, [price("1", match=OneOf("x_Source", ("elsewhere",)))], row("1")) == []
    assert units(connection, [], row("1")) == []
