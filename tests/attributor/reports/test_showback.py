"""Showback: the rows are what the rollup says, and sum to the total exactly."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from attributor.periods import Month
from attributor.reports.costs import SeveralCurrenciesError, parse_basis, parse_dimensions
from attributor.reports.showback import ShowbackRequest, showback, showback_document

OCTOBER = Month(2026, 10)


def document(engine: Engine, **request: Any) -> dict[str, Any]:
    return showback_document(showback(engine, ShowbackRequest(OCTOBER, **request)))


def test_without_by_there_is_one_row_per_team_the_most_expensive_first(engine, put_cost):
    put_cost("1.25", team="ads")
    put_cost("2", team="search", service="GPU")
    put_cost("0.000000000001", team="search", service="Storage")
    put_cost("0.75", team="unattributed")
    assert document(engine) == {
        "period": "2026-10",
        "currency": "USD",
        "basis": "effective",
        "total": "4.000000000001",
        "rows": [
            {"team": "search", "cost": "2.000000000001"},
            {"team": "ads", "cost": "1.25"},
            {"team": "unattributed", "cost": "0.75"},
        ],
    }


def test_rows_are_grouped_by_what_is_asked_days_written_as_iso_dates(engine, put_cost):
    put_cost("1", service="GPU", day=date(2026, 10, 1))
    put_cost("2", service="GPU", day=date(2026, 10, 2))
    put_cost("4", service="Storage", day=date(2026, 10, 1))
    assert document(engine, by=("service", "day"))["rows"] == [
        {"service": "Storage", "day": "2026-10-01", "cost": "4"},
        {"service": "GPU", "day": "2026-10-02", "cost": "2"},
        {"service": "GPU", "day": "2026-10-01", "cost": "1"},
    ]


def test_the_month_is_half_open(engine, put_cost):
    put_cost("1", day=date(2026, 9, 30))
    put_cost("2", day=date(2026, 10, 1))
    put_cost("4", day=date(2026, 10, 31))
    put_cost("8", day=date(2026, 11, 1))
    assert document(engine)["total"] == "6"


def test_billing_months_are_the_invoices(engine, put_cost):
    put_cost("1", day=date(2026, 9, 30), billing_month="2026-10")
    put_cost("2", day=date(2026, 10, 1), billing_month="2026-11")
    assert document(engine, period_by="billing")["total"] == "1"


def test_each_basis_reads_its_own_column(engine, put_cost):
    put_cost("0", effective="1", billed="2", list="3")
    totals = {basis: document(engine, basis=basis)["total"] for basis in ("effective", "billed", "list")}
    assert totals == {"effective": "1", "billed": "2", "list": "3"}


def test_one_team_alone(engine, put_cost):
    put_cost("1", team="ads")
    put_cost("2", team="search")
    assert document(engine, team="ads")["rows"] == [{"team": "ads", "cost": "1"}]


def test_negative_amounts_and_billions_survive(engine, put_cost):
    put_cost("1000000000.000000000001", team="a")
    put_cost("-1000000000", team="a")
    put_cost("-0.5", team="b")
    assert document(engine)["rows"] == [{"team": "a", "cost": "0.000000000001"}, {"team": "b", "cost": "-0.5"}]


def test_several_currencies_have_no_single_total(engine, put_cost):
    put_cost("1", currency="USD")
    put_cost("2", currency="EUR")
    with pytest.raises(SeveralCurrenciesError, match=r"EUR, USD") as caught:
        document(engine)
    assert caught.value.currencies == ("EUR", "USD")
    assert document(engine, currency="EUR")["total"] == "2"


def test_a_month_without_charges_is_an_empty_document(engine):
    assert document(engine) == {"period": "2026-10", "currency": None, "basis": "effective", "total": "0", "rows": []}


def test_what_is_asked_wrongly_is_told_with_what_is_possible():
    with pytest.raises(ValueError, match="effective, billed, list"):
        parse_basis("net")
    with pytest.raises(ValueError, match=r"'flavour'.*team, service"):
        parse_dimensions("team,flavour")
    with pytest.raises(ValueError, match="twice"):
        parse_dimensions("team,team")
    assert parse_dimensions("team, service") == ("team", "service")
    assert parse_dimensions("team,label:floor", ("floor",)) == ("team", "floor")
    for refused in ("label:floor", "label:team", "label:", "label:floor,floor"):
        with pytest.raises(ValueError, match=r"cannot group by|twice"):
            parse_dimensions(refused, ("floor",) if "," in refused else ())


def test_the_total_is_a_decimal_whatever_the_context(engine, put_cost):
    put_cost("123456789012.123456789012")
    assert showback(engine, ShowbackRequest(OCTOBER)).total == Decimal("123456789012.123456789012")
