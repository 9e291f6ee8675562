"""What drives an excess: the fewest values that explain most of it, said in one sentence, with parts that sum to it."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Alert
from alerts.detect.drivers import CostPart, drivers_of
from alerts.detect.drivers_told import PARTS_SHOWN, driver_sentence, with_drivers

DIMENSIONS = ("model", "key", "resource", "account")
START = datetime(2026, 11, 10, tzinfo=UTC)
ALERT = Alert("k", "spend_anomaly", "search", "warning", "Spend spike", "It cost much.", START, currency="USD")


def part(cost, usual, **values):
    return CostPart(values, Fraction(Decimal(cost)), Fraction(Decimal(usual)))


def said(*parts):
    found = drivers_of(parts, DIMENSIONS)
    return None if found is None else driver_sentence(found)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            [
                part("400", "8", model="opus", key="ci"),
                part("40", "6", model="opus", key="web"),
                part("9", "9", model="haiku", key="web"),
                part("9", "9", model="haiku", key="ci"),
            ],
            "92 % of the excess is model opus, key ci.",
        ),
        ([part("50", "5", resource="i-1"), part("5", "5", resource="i-2")], "All of the excess is resource i-1."),
        (
            [part("50", "5", resource="i-1"), part("5", "25", resource="i-2")],
            "All of the excess, and more, is resource i-1: the rest cost less than usual.",
        ),
        (
            [part("50", "5", resource="a"), part("40", "5", resource="b"), part("5", "5", resource="c")],
            "All of the excess is resources a and b.",
        ),
        (
            [part("20", "10", resource=f"i-{number}") for number in range(10)],
            "No single resource stands out of 10: the most, 10 % of the excess, is i-0.",
        ),
        ([part("50", "5", account="111")], "All of the excess is account 111."),
        ([part("50", "5")], ""),
        ([part("5", "50", resource="i-1")], None),
    ],
    ids=["joined", "one", "more than all", "two", "spread", "nothing to compare", "nothing known", "no excess"],
)
def test_the_sentence_names_the_fewest_values_that_explain_most(parts, sentence) -> None:
    assert said(*parts) == sentence


def test_of_dimensions_that_explain_as_much_the_one_whose_shares_changed_most_is_named() -> None:
    parts = [
        part("300", "3", key="ci", account="main"),
        part("300", "200", key="web", account="main"),
        part("20", "20", key="web", account="other"),
    ]
    assert said(*parts) == "75 % of the excess is key ci, account main."


def test_what_is_not_told_apart_is_never_named() -> None:
    parts = [part("90", "1", resource="(other)"), part("2", "1", resource="i-1")]
    assert said(*parts) == "No single resource stands out."


values = st.fixed_dictionaries({}, optional={name: st.sampled_from(["a", "b", "c"]) for name in DIMENSIONS})
money = st.decimals(0, 10_000, places=12)


@given(st.lists(st.builds(lambda of, cost, usual: part(cost, usual, **of), values, money, money), max_size=30))
def test_parts_shown_sum_to_the_excess_to_the_cent(parts) -> None:
    found = drivers_of(parts, DIMENSIONS)
    excess = sum((each.excess for each in parts), Fraction(0))
    assert (found is None) == (excess <= 0)
    if found is None:
        return
    told = with_drivers(ALERT, found)
    assert len(told.contributors) <= PARTS_SHOWN
    assert sum(each.amount for each in told.contributors) == Decimal(round(excess * 100)).scaleb(-2)
    assert sum(each.excess for each in found.grouped) == excess
    assert told.summary.startswith(ALERT.summary)
