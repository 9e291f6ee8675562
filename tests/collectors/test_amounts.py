"""Amounts: what is written is what is stored, and finer amounts are rounded half-even once."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors.schema import MONEY, QUANTITY
from collectors.values.amounts import exact_sum, sum_of_column, to_decimals, to_money
from collectors.values.written import read_written

EXACT = Context(prec=200)
LARGEST = Decimal("99999999999999999999999999.999999999999")
fitting = st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: Decimal(units).scaleb(-12, EXACT))
finer = st.tuples(st.integers(-(10**30), 10**30), st.integers(13, 40)).map(lambda p: Decimal(p[0]).scaleb(-p[1], EXACT))
spellings = st.sampled_from(["{:f}", "{:E}", "{:e}", " {:f}", "{:+f}"])


@given(st.lists(st.tuples(fitting, spellings), min_size=1))
def test_any_amount_with_up_to_twelve_decimals_survives_in_any_spelling(amounts) -> None:
    texts = pa.array([spelling.format(amount) for amount, spelling in amounts])
    assert to_decimals(texts, MONEY).values.to_pylist() == [amount for amount, _ in amounts]


@given(st.lists(st.tuples(finer, spellings), min_size=1))
def test_a_finer_amount_is_rounded_half_even_once(amounts) -> None:
    texts = pa.array([spelling.format(amount) for amount, spelling in amounts])
    rounded = [a.quantize(Decimal("1E-12"), ROUND_HALF_EVEN, EXACT) for a, _ in amounts]
    converted = to_decimals(texts, MONEY)
    assert not converted.faults
    assert converted.values.to_pylist() == rounded


@given(st.lists(st.one_of(st.none(), fitting, finer), min_size=1))
@example([Decimal("18446744.072319669588"), Decimal("1E-13")])  # Arrow 26 rounds the first to 18446744.0656…
def test_the_written_sum_is_exact_and_the_stored_one_differs_by_the_rounding_only(amounts) -> None:
    texts = pa.array([None if amount is None else str(amount) for amount in amounts], pa.string())
    money = to_money({"BilledCost": texts, "ListCost": texts.take(pa.array(range(len(texts))[::-1]))}, MONEY)
    present = [amount for amount in amounts if amount is not None]
    assert money.written["BilledCost"] == money.written["ListCost"] == exact_sum(present)
    difference = exact_sum([sum_of_column(money.values["BilledCost"]), money.written["BilledCost"].copy_negate()])
    assert difference.copy_abs() <= len(present) * Decimal("0.5E-12")


@given(st.text(st.sampled_from("0123456789.eE+-_, nafi١"), max_size=12))
def test_arrow_accepts_nothing_that_the_grammar_of_numbers_does_not(text: str) -> None:
    converted = to_decimals(pa.array([text, "x"]), MONEY)  # "x" sends all of them the slow and strict way
    direct = to_decimals(pa.array([text]), MONEY)
    assert direct.values[0].as_py() == converted.values[0].as_py()


@pytest.mark.parametrize(
    "text", [str(LARGEST), str(LARGEST.copy_negate()), "0", "-0", "0E40", "00.10", "5.", ".5", "4.9E-324"]
)
def test_the_borders_are_stored(text: str) -> None:
    converted = to_decimals(pa.array([text]), MONEY)
    assert not converted.faults
    assert EXACT.subtract(converted.values[0].as_py(), Decimal(text)).copy_abs() < Decimal("1E-12")


def test_an_ambient_context_of_low_precision_changes_nothing() -> None:
    import decimal

    with decimal.localcontext(prec=3):
        money = to_money({"BilledCost": pa.array(["123456.789", "0.0000000000015"])}, MONEY)
        assert str(money.written["BilledCost"]) == "123456.7890000000015"
        assert str(money.values["BilledCost"][1].as_py()) == "2E-12"


def test_quantities_keep_eighteen_decimals() -> None:
    converted = to_decimals(pa.array(["0.0000000000000000015", "12345678901234567890.5"]), QUANTITY)
    assert converted.values.to_pylist() == [Decimal("2E-18"), Decimal("12345678901234567890.5")]


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True).filter(str.isascii),
                st.sampled_from(["1e3", "+2", ".5", "5.", "-0.000000000001", " 7 ", "999999999999999999", "1E-30"]),
            ),
            st.integers(0, 10_000),
        ),
        min_size=1,
        unique_by=lambda pair: pair[0],
    )
)
def test_amounts_are_summed_as_written_whether_plain_or_unusual(amounts) -> None:
    counts = np.array([count for _, count in amounts])
    summed = read_written(pa.array([text for text, _ in amounts])).sum(counts)
    assert summed == exact_sum(EXACT.multiply(Decimal(text), count) for text, count in amounts)
