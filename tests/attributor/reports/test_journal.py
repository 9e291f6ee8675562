"""A journal balances, sums to the month in whole cents, and no line is off by a cent."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attributor.config.statement_settings import JOURNAL_COLUMNS, Accounts, JournalForm
from attributor.money import total
from attributor.periods import parse_month
from attributor.reports.journal import in_cents, journal, journal_rows

OCTOBER = parse_month("2026-10")
_CENT = Decimal("0.01")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=12), max_size=30))
def test_cents_sum_to_the_rounded_sum_and_each_is_off_by_less_than_one(exact: list[Decimal]) -> None:
    cents = in_cents(exact)
    assert total(cents) == total(exact).quantize(_CENT)
    assert all(abs(found - amount) < _CENT for found, amount in zip(cents, exact, strict=True))
    assert all(found == found.quantize(_CENT) for found in cents)


def test_the_largest_remainders_get_the_missing_cents() -> None:
    thirds = [Decimal("3.333333333333"), Decimal("3.333333333333"), Decimal("3.333333333334")]
    assert in_cents(thirds) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]
    assert in_cents([Decimal("-0.004"), Decimal("-0.006")]) == [Decimal("0.00"), Decimal("-0.01")]


def test_every_currency_is_balanced_by_the_other_side(engine, put_cost) -> None:
    put_cost("10.005", service="Amazon EC2", category="Usage", cost_center="4100", billed="1")
    put_cost("1.004", service="Amazon EC2", category="Tax", cost_center="4100")
    put_cost("-3.25", team="ads", service="Vertex AI", category="Credit", cost_center="4200")
    put_cost("7", team="ads", service="Vertex AI", category="Usage", currency="EUR")
    accounts = Accounts("6500", "1900", (("Vertex*", "6510"),), (("Tax", "6590"),))
    words = ("account", "cost_center", "team", "debit", "credit", "amount", "exact", "currency", "reference")
    form = JournalForm(tuple((word.upper() if word == "account" else word, word) for word in words), accounts)
    rows = [tuple(row.values()) for row in journal_rows(journal(engine, form, OCTOBER), form)]
    draft = "attributor 2026-10 draft"
    assert rows == [
        ("6510", "", "ads", "7.00", "", "7.00", "7", "EUR", draft),
        ("1900", "", "", "", "7.00", "-7.00", "-7", "EUR", draft),
        ("6500", "4100", "search", "10.01", "", "10.01", "10.005", "USD", draft),
        ("6590", "4100", "search", "1.00", "", "1.00", "1.004", "USD", draft),
        ("6510", "4200", "ads", "", "3.25", "-3.25", "-3.25", "USD", draft),
        ("1900", "", "", "", "7.76", "-7.76", "-7.759", "USD", draft),
    ]
    billed = journal(engine, JournalForm(basis="billed"), OCTOBER)
    assert total(line.exact for line in billed.lines if line.side == "cost" and line.currency == "USD") == Decimal(
        "-1.246"
    )


def test_an_empty_month_has_no_lines_and_every_column_can_be_written(engine, put_cost) -> None:
    assert journal(engine, JournalForm(), OCTOBER).lines == ()
    put_cost("2", cost_center="4100")
    form = JournalForm(tuple((word, word) for word in JOURNAL_COLUMNS))
    first, _ = journal_rows(journal(engine, form, OCTOBER), form)
    assert first["date"] == "2026-10-31"
    assert first["month"] == "2026-10"
    assert first["description"] == "search, 2026-10"


@pytest.mark.parametrize(("service", "category", "account"), [("A b", "Tax", "1"), ("B", "Tax", "2"), ("B", "x", "e")])
def test_a_service_s_account_goes_before_its_category_s(service: str, category: str, account: str) -> None:
    assert Accounts("e", "o", (("A*", "1"),), (("Tax", "2"),)).of(service, category) == account
