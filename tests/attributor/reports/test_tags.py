"""Required tags: what is there and what is missing sums to the month, by account and by team."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert

from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import tag_compliance
from attributor.periods import Month
from attributor.reports.costs import DIMENSIONS, SeveralCurrenciesError
from attributor.reports.tags import tag_report, tags_document
from rules.reading.dimensions import TAKEN

NOVEMBER = Month(2026, 11)


@pytest.fixture
def put_tag(engine):
    def put(tag: str, present: str, missing: str, **given):
        row = {"source": "bill", "day": date(2026, 11, 3), "currency": "USD", "account": "1", "team": "search", **given}
        money = {**money_values("present", Decimal(present)), **money_values("missing", Decimal(missing))}
        with engine.begin() as connection:
            connection.execute(insert(tag_compliance).values(tag=tag, **row, **money))

    return put


def test_present_and_missing_of_every_tag_sum_to_the_month(engine, put_tag):
    put_tag("team", "1", "2.000000000001")
    put_tag("project", "3.000000000001", "0")
    put_tag("team", "4", "0", account="2", day=date(2026, 11, 30))
    put_tag("project", "0", "4", account="2", day=date(2026, 11, 30))
    put_tag("team", "9", "9", day=date(2026, 12, 1))
    assert tags_document(tag_report(engine, NOVEMBER, "account")) == {
        "period": "2026-11",
        "currency": "USD",
        "basis": "effective",
        "total": "7.000000000001",
        "tags": [
            {"tag": "project", "present": "3.000000000001", "missing": "4", "compliance": "0.4286"},
            {"tag": "team", "present": "5", "missing": "2.000000000001", "compliance": "0.7143"},
        ],
        "rows": [
            {"account": "2", "tag": "project", "present": "0", "missing": "4", "compliance": "0"},
            {"account": "1", "tag": "team", "present": "1", "missing": "2.000000000001", "compliance": "0.3333"},
            {"account": "1", "tag": "project", "present": "3.000000000001", "missing": "0", "compliance": "1"},
            {"account": "2", "tag": "team", "present": "4", "missing": "0", "compliance": "1"},
        ],
    }


def test_by_team_accounts_are_added_up_and_no_cost_has_no_ratio(engine, put_tag):
    put_tag("team", "0", "5")
    put_tag("team", "0", "-5", account="2")
    (row,) = tag_report(engine, NOVEMBER, "team").rows
    assert (row.value, row.missing, row.compliance) == ("search", Decimal(0), None)


def test_several_currencies_have_no_single_total(engine, put_tag):
    put_tag("team", "1", "2")
    put_tag("team", "4", "8", currency="EUR")
    with pytest.raises(SeveralCurrenciesError, match="EUR, USD"):
        tag_report(engine, NOVEMBER, "team")
    assert tag_report(engine, NOVEMBER, "team", "EUR").total == Decimal(12)


def test_no_dimension_of_a_users_naming_takes_a_word_of_the_reports():
    assert set(DIMENSIONS) <= set(TAKEN)
