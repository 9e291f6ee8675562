"""Anthropic's cost report: cents as text, by the day, exactly."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from bucket_api import anthropic_buckets
from hypothesis import given
from hypothesis import strategies as st
from recorded_api import Answer, RecordedApi, throttled

from collectors.api.windows import DAY, HOUR
from collectors.base import CollectError, Window
from collectors.bills.anthropic_cost import TYPE, row_of_result
from collectors.bills.model_rows import Account

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = Window(MIDNIGHT - 2 * DAY, MIDNIGHT)
PATH = "/v1/organizations/cost_report"
KEY = "sk-ant-admin-very-secret"


def cost(amount: Any, **more: Any) -> dict[str, Any]:
    item = {"currency": "USD", "workspace_id": "wrkspc_a", "description": "Claude Sonnet 4.5 Usage - Output Tokens"}
    return {"amount": amount, **item, "cost_type": "tokens", "token_type": "output_tokens", **more}


def options(api: RecordedApi, **more: Any) -> dict[str, Any]:
    return {"url": api.url, "admin_key": KEY, **more}


@pytest.fixture
def reading(api: RecordedApi, collecting):
    """Reads two days, of which the first is answered with these results."""

    def read(*results: dict[str, Any]):
        api._routes.clear()
        api.on(PATH, anthropic_buckets(lambda start: results if start == DAYS.start else []))
        return collecting.read(TYPE, DAYS, **options(api))

    return read


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10))
def test_a_hundred_cents_are_a_dollar_to_the_last_digit(cents: Decimal) -> None:
    row = row_of_result(DAYS, cost(str(cents)), Account("Anthropic", "Claude API", "a", "Workspace"))
    assert Fraction(str(row["BilledCost"])) * 100 == Fraction(cents)


def test_fractions_of_cents_are_kept_and_sum_to_what_the_answer_says(reading) -> None:
    collected = reading(cost("1834.275"), cost("0.0001", cost_type="code_execution"), cost("-5", description="Credit"))
    assert sorted(row["BilledCost"] for row in collected.rows) == [
        Decimal(s) for s in ("-0.05", "0.000001", "18.34275")
    ]
    assert collected.reading.files[0].sums["BilledCost"] == Decimal("18.292751")


def test_amounts_that_cannot_be_right_are_listed_together_and_nothing_is_read(reading) -> None:
    with pytest.raises(CollectError) as refused:
        reading(cost(None), cost(1834.275), cost(1834), cost("18,34"), cost("$1"), cost("1", model=["x"]))
    assert refused.value.permanent
    assert [(problem.row, problem.field, problem.value) for problem in refused.value.problems] == [
        (1, "amount", None),
        (2, "amount", "1834.275"),
        (3, "amount", "1834"),
        (4, "amount", "18,34"),
        (5, "amount", "$1"),
        (6, "model", "['x']"),
    ]
    assert "is no text with cents" in str(refused.value)


def test_each_row_keeps_its_currency(reading) -> None:
    rows = reading(cost("100"), cost("200", currency="EUR")).rows
    assert {(row["BilledCost"], row["BillingCurrency"]) for row in rows} == {(1, "USD"), (2, "EUR")}
    with pytest.raises(CollectError, match="BillingCurrency: is missing"):
        reading(cost("1", currency=None))


def test_pages_windows_and_restatement_change_only_what_anthropic_changed(api: RecordedApi, collecting) -> None:
    def daily(start: datetime) -> list[dict[str, Any]]:
        return [cost(f"{start.day}.5"), cost("50", workspace_id=None)]

    tables = []
    for a_page in (7, 31):
        api._routes.clear()
        api.on(PATH, anthropic_buckets(daily, a_page))
        tables.append(collecting.read(TYPE, **options(api)))
    assert tables[0].rows == tables[1].rows
    assert (tables[0].reading.requests, tables[1].reading.requests) == (5, 1)
    assert tables[0].reading.coverage == (Window(MIDNIGHT - 31 * DAY, MIDNIGHT),)
    assert {asked.query["group_by[]"] for asked in api.requests} == {"description"}
    api._routes.clear()
    api.on(PATH, anthropic_buckets(lambda start: daily(start) if start != DAYS.start else [cost("1.5")]))
    assert collecting.read(TYPE, DAYS, **options(api)).rows[1:] == tables[0].rows[-2:]


def test_a_day_comes_six_hours_after_its_end(api: RecordedApi, collecting) -> None:
    api.on(PATH, anthropic_buckets(lambda _start: []))
    read = collecting.read(TYPE, now=MIDNIGHT + 5 * HOUR, **options(api))
    assert read.reading.coverage[-1].end == MIDNIGHT - DAY


def test_limits_are_waited_out_and_a_refusal_never_shows_the_key(api: RecordedApi, collecting) -> None:
    api.on(PATH, anthropic_buckets(lambda _start: []))
    api.misbehave(throttled(0), Answer({"error": {"message": f"no admin: {KEY}"}}, 403))
    with pytest.raises(CollectError, match=r"answered 403.*no admin: •••") as refused:
        collecting.read(TYPE, DAYS, **options(api))
    assert KEY not in str(refused.value)
