"""Amounts stay exact in both databases, however many are summed."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from attributor.ledger.bulk import MONEY, split_amounts
from attributor.ledger.engine import reading
from attributor.ledger.lease import Lease
from attributor.ledger.money_columns import joined, money_sums, money_values
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.tables import rollup
from attributor.money import from_units

LARGEST = 9_223_372_036_854 * 10**12  # of units: the largest amount whose millionths fit into 64 bits, whole


@pytest.mark.slow
def test_a_hundred_thousand_random_amounts_sum_exactly(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
    now: datetime,
) -> None:
    random = Random(7)
    units = [
        random.choice((1, -1, random.randint(-(10**12), 10**12), random.randint(-(10**21), 10**21)))
        for _ in range(100_000)
    ]
    units += [10**21, -(10**21), 1, 9 * 10**24, -(9 * 10**24)]
    rows = pa.concat_tables([rollup_rows({})] * len(units)).combine_chunks()
    amounts = pa.array([from_units(one) for one in units], MONEY)
    rows = rows.set_column(rows.column_names.index("effective"), rows.schema.field("effective"), amounts)
    publish_day(ledger_engine, lease, publication("aws", rollup=rows), now)
    with reading(ledger_engine) as connection:
        millionths, rest = connection.execute(select(*money_sums(rollup, "effective"))).one()
    assert joined(millionths, rest) == from_units(sum(units))


@pytest.mark.parametrize("amount", ["0", "1E-12", "-1E-12", "1000000000", "-1000000000.000000000001", "9000000000000"])
def test_an_amount_reads_back_to_the_last_unit(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
    now: datetime,
    amount: str,
) -> None:
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows({"billed": Decimal(amount)})), now)
    with reading(ledger_engine) as connection:
        millionths, rest = connection.execute(select(*money_sums(rollup, "billed"))).one()
    assert joined(millionths, rest) == Decimal(amount)


@given(st.lists(st.integers(-LARGEST, LARGEST)), st.integers(0, 3))
def test_splitting_an_arrow_column_is_splitting_each_amount(units: list[int], offset: int) -> None:
    amounts = [from_units(one) for one in units]
    column = pa.chunked_array([pa.array(amounts, MONEY).slice(offset), pa.array(amounts, MONEY)], MONEY)
    expected = [money_values("x", amount) for amount in (*amounts[offset:], *amounts)]
    millionths, rests = split_amounts(column)
    assert millionths == [values["x_millionths"] for values in expected]
    assert rests == [values["x_rest"] for values in expected]
    assert all(type(one) is int for one in (*millionths, *rests))


def test_a_missing_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="an amount is null"):
        split_amounts(pa.chunked_array([[Decimal(1), None]], MONEY))
