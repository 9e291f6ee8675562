import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.push.events import BodyError, BodyForm, Parsed, parse_events
from collectors.push.fields import LARGEST_QUANTITY, Span, UsageEvent, microseconds, units

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
SPAN = Span(datetime(2026, 10, 16, tzinfo=UTC), NOW + timedelta(hours=1))
GOOD: dict[str, Any] = {
    "id": "call-1:tokens.input",
    "time": "2026-11-20T10:15:00Z",
    "metric": "tokens.input",
    "pool": "gateway",
    "quantity": 1200,
    "team": "search",
}


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parsed(body: str | bytes, form: BodyForm = "json") -> Parsed:
    return parse_events(body.encode() if isinstance(body, str) else body, form, SPAN)


def one(text: str) -> Parsed:
    """Parse a body of one good event, the event as this JSON, and another good one."""
    before, after = json.dumps(GOOD | {"id": "before"}), json.dumps(GOOD | {"id": "after"})
    return parsed(f'{{"events": [{before}, {text}, {after}]}}')


def test_an_event_keeps_its_id_time_metric_pool_quantity_and_facts() -> None:
    found = parsed(json.dumps({"events": [GOOD]}))
    time = microseconds(datetime(2026, 11, 20, 10, 15, tzinfo=UTC))
    expected = UsageEvent("call-1:tokens.input", time, "tokens.input", "gateway", 1200, {"team": "search"})
    assert found == Parsed((expected,), ())


def test_facts_become_text_and_empty_ones_are_absent() -> None:
    facts = '"n": 7, "share": 0.10, "big": 123456789012345678901234567890, "yes": true, "none": null, "empty": ""'
    found = one(json.dumps(GOOD)[:-1] + f", {facts}}}")
    assert found.events[1].facts == {
        "team": "search",
        "n": "7",
        "share": "0.10",
        "big": "123456789012345678901234567890",
        "yes": "true",
    }


def test_an_offset_is_taken_into_account() -> None:
    found = one(json.dumps(GOOD | {"time": "2026-11-20T11:15:00.000250+01:00"}))
    assert found.events[1].time == microseconds(datetime(2026, 11, 20, 10, 15, 0, 250, tzinfo=UTC))


def test_the_accepted_times_are_half_open() -> None:
    times = [SPAN.oldest, SPAN.end - timedelta(microseconds=1), SPAN.oldest - timedelta(microseconds=1), SPAN.end]
    found = parsed(json.dumps({"events": [GOOD | {"time": time.isoformat()} for time in times]}))
    assert [event.time for event in found.events] == [microseconds(time) for time in times[:2]]
    assert [rejected.index for rejected in found.rejected] == [2, 3]


BAD = {
    "no object": ("[1]", "an event is a JSON object"),
    "null": ("null", "an event is a JSON object"),
    "no id": (json.dumps({key: GOOD[key] for key in GOOD if key != "id"}), "id is missing"),
    "empty id": (json.dumps(GOOD | {"id": ""}), "id is missing"),
    "id is a number": (json.dumps(GOOD | {"id": 7}), "id = 7 is not text"),
    "long id": (json.dumps(GOOD | {"id": "x" * 201}), "longer than 200"),
    "NUL in id": (json.dumps(GOOD | {"id": "a\x00b"}), "id = 'a\\x00b' holds a NUL"),
    "half a surrogate": (
        json.dumps(GOOD).replace("call-1", "\\ud800"),
        "id = '\\ud800:tokens.input' holds a NUL or half",
    ),
    "half a surrogate in a fact": (json.dumps(GOOD | {"user": "\udfff"}), "user = '\\udfff' holds a NUL or half"),
    "no time": (json.dumps(GOOD | {"time": None}), "time is missing"),
    "time is a number": (json.dumps(GOOD | {"time": 1763632800}), "time = 1763632800 is not ISO 8601 text"),
    "time is words": (json.dumps(GOOD | {"time": "yesterday"}), "time = 'yesterday' is not ISO 8601"),
    "impossible day": (json.dumps(GOOD | {"time": "2026-02-30T00:00:00Z"}), "is not ISO 8601"),
    "no zone": (json.dumps(GOOD | {"time": "2026-11-20T10:15:00"}), "has no time zone"),
    "too old": (json.dumps(GOOD | {"time": "2026-01-01T00:00:00Z"}), "is before 2026-10-16T00:00:00+00:00"),
    "first year": (json.dumps(GOOD | {"time": "0001-01-01T00:00:00+23:59"}), "is before"),
    "last year": (json.dumps(GOOD | {"time": "9999-12-31T23:59:59-23:59"}), "too far ahead"),
    "future": (json.dumps(GOOD | {"time": "2026-11-20T13:30:00Z"}), "too far ahead"),
    "no metric": (json.dumps(GOOD | {"metric": ""}), "metric is missing"),
    "bad metric": (json.dumps(GOOD | {"metric": "tokens input"}), "metric = 'tokens input' is not a dotted name"),
    "pool is a list": (json.dumps(GOOD | {"pool": []}), "pool = [...] is not text"),
    "deeply nested": (json.dumps(GOOD).replace('"gateway"', "[" * 900 + "]" * 900), "pool = [...] is not text"),
    "long pool": (json.dumps(GOOD | {"pool": "p" * 301}), "longer than 300"),
    "no quantity": (json.dumps(GOOD | {"quantity": None}), "quantity is missing"),
    "quantity is true": (json.dumps(GOOD | {"quantity": True}), "quantity = True is not a number"),
    "negative": (json.dumps(GOOD | {"quantity": -1}), "quantity = -1 is not between 0"),
    "negative text": (json.dumps(GOOD | {"quantity": "-0.5"}), "quantity = '-0.5' is not between 0"),
    "NaN": (json.dumps(GOOD | {"quantity": float("nan")}), "quantity = 'NaN' is not a number"),
    "NaN text": (json.dumps(GOOD | {"quantity": "NaN"}), "quantity = 'NaN' is not a number"),
    "infinity": (json.dumps(GOOD | {"quantity": "Infinity"}), "is not a number"),
    "words": (json.dumps(GOOD | {"quantity": "many"}), "quantity = 'many' is not a number"),
    "other digits": (json.dumps(GOOD | {"quantity": "١٢"}), "is not a number"),
    "underscore": (json.dumps(GOOD | {"quantity": "1_000"}), "is not a number"),
    "13 decimals": (json.dumps(GOOD).replace("1200", "0.1234567890123"), "has more than 12 decimals"),
    "tiny": (json.dumps(GOOD).replace("1200", "1e-999999999"), "has more than 12 decimals"),
    "huge": (json.dumps(GOOD).replace("1200", "1e400"), "is not between 0"),
    "huge exponent": (json.dumps(GOOD).replace("1200", "1e999999999"), "is not between 0"),
    "absurd exponent": (json.dumps(GOOD).replace("1200", "1e99999999999999999999"), "is not a number"),
    "huge whole": (json.dumps(GOOD).replace("1200", "1" + "0" * 30), "is not between 0"),
    "5,000 digits": (json.dumps(GOOD).replace("1200", "1" + "0" * 5000), "is not a number"),
    "nested fact": (json.dumps(GOOD | {"labels": {"a": 1}}), "the fact 'labels' is nested"),
    "long fact": (json.dumps(GOOD | {"user": "u" * 301}), "longer than 300"),
    "NUL in a fact": (json.dumps(GOOD | {"user": "a\x00"}), "holds a NUL"),
    "long fact name": (json.dumps(GOOD | {"n" * 101: "x"}), "is empty, too long"),
    "empty fact name": (json.dumps(GOOD | {"": "x"}), "the fact name '' is empty"),
    "33 facts": (json.dumps(GOOD | {f"f{n}": "x" for n in range(32)}), "33 facts are more than 32"),
}


@pytest.mark.parametrize(("text", "error"), BAD.values(), ids=BAD.keys())
def test_a_bad_event_is_rejected_alone_with_its_index_field_and_value(text: str, error: str) -> None:
    found = one(text)
    assert [event.id for event in found.events] == ["before", "after"]
    assert [rejected.index for rejected in found.rejected] == [1]
    assert error in found.rejected[0].error
    assert len(found.rejected[0].error) < 250


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0", 0),
        ("-0.0", 0),
        ("1e3", 1000),
        ("0.1", "0.1"),
        ('"0.10"', "0.10"),
        ("1.5E+2", 150),
        ('"+7"', 7),
        ('".5"', "0.500000000000"),
        ("1e-12", "0.000000000001"),
        ("1.1000000000000000000000", "1.100000000000"),
        ("1000000000000", 10**12),
        ("1000000000000.0", 10**12),
    ],
)
def test_every_spelling_of_a_number_is_exact(written: str, stored: int | str) -> None:
    assert one(json.dumps(GOOD).replace("1200", written)).events[1].quantity == stored


@unhurried
@given(
    st.integers(0, LARGEST_QUANTITY * 10**12),
    st.sampled_from(["number", "text", "exponent", "padded"]),
)
def test_any_accepted_quantity_survives_exactly(amount: int, spelling: str) -> None:
    written = f"{amount // 10**12}.{amount % 10**12:012d}"
    text = {
        "number": written,
        "text": f'"{written}"',
        "exponent": f"{amount}e-12",
        "padded": f"{written}000",
    }[spelling]
    found = one(json.dumps(GOOD).replace("1200", text))
    assert units(found.events[1].quantity) == amount


@unhurried
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_is_kept_exactly_or_rejected(number: Decimal) -> None:
    found = one(json.dumps(GOOD | {"quantity": str(number)}))
    kept = [event for event in found.events if event.id == GOOD["id"]]
    assert len(kept) + len(found.rejected) == 1
    if kept:
        assert Decimal(units(kept[0].quantity)) == number * 10**12


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@unhurried
@given(st.dictionaries(st.sampled_from(["id", "time", "metric", "pool", "quantity", "team"]), JSON))
def test_whatever_an_event_holds_it_is_accepted_or_rejected_and_the_others_stay(changes: dict[str, Any]) -> None:
    found = one(json.dumps(GOOD | changes))
    assert len(found.events) + len(found.rejected) == 3
    assert {"before", "after"} <= {event.id for event in found.events}


@unhurried
@given(st.binary(max_size=200), st.sampled_from(["json", "ndjson", "detect"]))
def test_any_bytes_are_a_body_error_or_a_result(body: bytes, form: BodyForm) -> None:
    try:
        found = parse_events(body, form, SPAN)
    except BodyError as error:
        assert str(error)
    else:
        assert not found.events


@pytest.mark.parametrize(
    ("body", "form", "error"),
    [
        (b"", "json", "the body is empty"),
        (b" \n ", "detect", "the body is empty"),
        (b"hello", "json", "the body is not JSON"),
        (b'{"events": [', "json", "the body is not JSON"),
        (b"[]", "json", "the body has no list of events"),
        (b"{}", "json", "the body has no list of events"),
        (b'{"events": {}}', "json", "the body has no list of events"),
        (json.dumps(GOOD).encode(), "json", "or lines as application/x-ndjson"),
        (b"[" * 50_000 + b"]" * 50_000, "json", "the body is not JSON"),
        (b"hello\nworld", "ndjson", "the body is not JSON, one event a line"),
        (b"\xff\xfe", "detect", "the body is not JSON"),
    ],
)
def test_a_body_that_is_no_json_is_refused_whole(body: bytes, form: BodyForm, error: str) -> None:
    with pytest.raises(BodyError, match=r".+") as raised:
        parse_events(body, form, SPAN)
    assert error in str(raised.value)


def test_an_empty_list_is_a_body_without_events() -> None:
    assert parsed('{"events": []}') == Parsed((), ())


def test_lines_are_counted_without_blank_ones_and_a_broken_line_is_rejected_alone() -> None:
    lines = [json.dumps(GOOD | {"id": "a"}), "", "{broken", json.dumps(GOOD | {"id": "b"}), ""]
    found = parsed("\r\n".join(lines), "ndjson")
    assert [event.id for event in found.events] == ["a", "b"]
    assert [rejected.index for rejected in found.rejected] == [1]


@pytest.mark.parametrize("body", ['{"events": [%s]}', '{\n"events":\n[%s]}', "%s", "\n%s\n", "\ufeff%s", "%s\nbroken"])
def test_without_a_content_type_both_forms_are_recognised(body: str) -> None:
    assert [event.id for event in parsed(body % json.dumps(GOOD), "detect").events] == [GOOD["id"]]
