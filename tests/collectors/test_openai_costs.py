"""OpenAI's costs: dollars as a number or as text, by the day, exactly."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bucket_api import openai_buckets
from recorded_api import Answer, RecordedApi, throttled

from collectors.api.windows import DAY, HOUR
from collectors.base import CollectError, Window
from collectors.bills.openai_costs import TYPE

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = Window(MIDNIGHT - 2 * DAY, MIDNIGHT)
PATH = "/v1/organization/costs"
KEY = "sk-admin-very-secret"


def cost(value: Any, currency: Any = "usd", **more: Any) -> dict[str, Any]:
    item = {"line_item": "gpt-5, input_tokens", "project_id": "proj_a", "api_key_id": "key_a", **more}
    return {"amount": {"value": value, "currency": currency}, **item}


def options(api: RecordedApi, **more: Any) -> dict[str, Any]:
    return {"url": f"{api.url}/v1", "admin_key": KEY, **more}


@pytest.fixture
def reading(api: RecordedApi, collecting):
    """Reads two days, of which the first is answered with these results."""

    def read(*results: dict[str, Any], **more: Any):
        api._routes.clear()
        api.on(PATH, openai_buckets(lambda start: results if start == DAYS.start else []))
        return collecting.read(TYPE, DAYS, **options(api, **more))

    return read


@pytest.mark.parametrize(
    ("value", "amount"),
    [("12.3400000", "12.34"), (12.34, "12.34"), (12, "12"), ("0E-6", "0"), ("1.2E-7", "0.00000012"), (1e-9, "1E-9")],
)
def test_dollars_are_exact_whether_they_are_text_or_a_number(reading, value, amount: str) -> None:
    [row] = reading(cost(value)).rows
    assert [row[name] for name in ("BilledCost", "EffectiveCost", "ListCost")] == [Decimal(amount)] * 3
    assert row["BillingCurrency"] == "USD"


def test_what_is_told_of_an_answer_is_the_sum_of_its_dollars_before_rounding(reading) -> None:
    collected = reading(cost("0.1"), cost("0.2", model="b"), cost("0.0000000000004"))
    [read] = collected.reading.files
    assert read.sums["BilledCost"] == Decimal("0.3000000000004")
    assert read.rounded["BilledCost"] == Decimal("-0.0000000000004")
    assert sum(row["BilledCost"] for row in collected.rows) == Decimal("0.3")


def test_each_row_keeps_its_currency_and_nothing_is_converted(reading) -> None:
    collected = reading(cost("1"), cost("2", "eur"))
    assert {(row["BilledCost"], row["BillingCurrency"]) for row in collected.rows} == {(1, "USD"), (2, "EUR")}
    assert collected.reading.files[0].currency is None


def test_a_negative_amount_is_a_credit(reading) -> None:
    rows = reading(cost("-5", line_item="Credit grant"), cost("1")).rows
    assert {(row["BilledCost"], row["ChargeCategory"]) for row in rows} == {(-5, "Credit"), (1, "Usage")}


def test_a_line_item_that_names_no_model_is_kept_whole(reading) -> None:
    [row] = reading(cost("1", line_item="web search tool calls | gpt-5", project_id=None, api_key_id=None)).rows
    assert (row["SkuMeter"], row["SubAccountId"], row["Tags"]) == ("web search tool calls | gpt-5", None, [])


def test_amounts_that_cannot_be_right_are_listed_together_and_nothing_is_read(reading) -> None:
    with pytest.raises(CollectError) as refused:
        reading(
            cost("1,5"),
            cost(None),
            cost(True),
            cost("NaN"),
            cost("1_0"),
            cost(float("nan")),
            {"amount": 5},
            cost("1", line_item=7),
        )
    assert refused.value.permanent
    assert [(problem.row, problem.field, problem.value) for problem in refused.value.problems] == [
        (1, "amount.value", "1,5"),
        (2, "amount.value", None),
        (3, "amount.value", "True"),
        (4, "amount.value", "NaN"),
        (5, "amount.value", "1_0"),
        (6, "amount.value", "NaN"),
        (7, "amount", "5"),
        (8, "line_item", "7"),
    ]
    with pytest.raises(CollectError, match="BillingCurrency: is missing"):
        reading(cost("1", None))


def test_pages_windows_and_restatement_change_only_what_openai_changed(api: RecordedApi, collecting) -> None:
    def daily(start: datetime) -> list[dict[str, Any]]:
        return [cost(f"{start.day}.01"), cost("0.5", line_item="gpt-5, output_tokens")]

    tables = []
    for a_page in (7, 180):
        api._routes.clear()
        api.on(PATH, openai_buckets(daily, a_page))
        tables.append(collecting.read(TYPE, **options(api)))
    assert tables[0].rows == tables[1].rows
    assert (tables[0].reading.requests, tables[1].reading.requests) == (5, 1)
    assert tables[0].reading.coverage == (Window(MIDNIGHT - 31 * DAY, MIDNIGHT),)
    assert collecting.read(TYPE, DAYS, **options(api)).rows == tables[0].rows[-4:]
    restated = [cost("99"), cost("0.5", line_item="gpt-5, output_tokens")]
    api._routes.clear()
    api.on(PATH, openai_buckets(lambda start: restated if start == DAYS.start else daily(start)))
    again = collecting.read(TYPE, DAYS, **options(api)).rows
    changed = [new["BilledCost"] for old, new in zip(tables[0].rows[-4:], again, strict=True) if old != new]
    assert changed == [99]


def test_a_day_comes_six_hours_after_its_end_unless_told_otherwise(api: RecordedApi, collecting) -> None:
    api.on(PATH, openai_buckets(lambda _start: []))
    early = MIDNIGHT + 5 * HOUR
    assert collecting.read(TYPE, now=early, **options(api)).reading.coverage[-1].end == MIDNIGHT - DAY
    assert collecting.read(TYPE, now=early, **options(api, settles="1h")).reading.coverage[-1].end == MIDNIGHT


def test_costs_are_asked_for_by_key_unless_told_otherwise(reading, api: RecordedApi) -> None:
    reading(cost("1"))
    reading(cost("1", api_key_id=None), by_key="false")
    assert [asked.query["group_by[]"] for asked in api.requests] == ["api_key_id", "line_item"]
    assert {asked.query["bucket_width"] for asked in api.requests} == {"1d"}


def test_limits_are_waited_out_and_a_refusal_has_openais_words_without_the_key(api, collecting) -> None:
    api.on(PATH, openai_buckets(lambda _start: []))
    api.misbehave(throttled(0), Answer({"error": {"message": f"cannot group {KEY}"}}, 400))
    with pytest.raises(CollectError, match=r"answered 400: .*cannot group •••") as refused:
        collecting.read(TYPE, DAYS, **options(api))
    assert refused.value.permanent
    assert KEY not in str(refused.value)


def test_nobody_asks_without_a_key(collecting, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    with pytest.raises(ValueError, match="admin_key is missing"):
        collecting.build(TYPE)
    with pytest.raises(ValueError, match="by_key: 'maybe' is not one of true, false"):
        collecting.build(TYPE, admin_key=KEY, by_key="maybe")
