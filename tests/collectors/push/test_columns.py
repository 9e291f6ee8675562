"""What is checked as columns is what each field's own check makes of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.push.columns import check_events
from collectors.push.fields import (
    EventError,
    Span,
    UsageEvent,
    check_facts,
    check_id,
    check_metric,
    check_pool,
    check_quantity,
    check_time,
)

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
SPAN = Span(datetime(2026, 10, 16, tzinfo=UTC), NOW + timedelta(hours=1))
OWN: dict[str, Callable[[Any], Any]] = {
    "id": check_id,
    "time": lambda value: check_time(value, SPAN),
    "metric": check_metric,
    "pool": check_pool,
    "quantity": check_quantity,
}


def alone(raw: dict[str, Any]) -> UsageEvent | str:
    """Check an event field by field."""
    try:
        own = [check(raw.get(name)) for name, check in OWN.items()]
        return UsageEvent(*own, check_facts({name: value for name, value in raw.items() if name not in OWN}))
    except EventError as error:
        return str(error)


def together(raws: list[dict[str, Any]]) -> list[UsageEvent | str]:
    """Check events as a body's, each at its place again."""
    events, errors = check_events([dict(raw) for raw in raws], SPAN)
    rest = iter(events)
    return [str(errors[place]) if place in errors else next(rest) for place in range(len(raws))]


ODD = st.sampled_from([None, True, 1, 0, -1, "1.5", "", "1", "x" * 301, "a\x00b", "\ud800", "é", [], {}, {"a": [1]}])
DAY = st.sampled_from(["2026-11-20", "20261120", "2026-W47-5", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11"])
CLOCK = st.sampled_from(
    ["10", "10:15", "101500", "10:15:00", "10:15:00.1", "10:15:00.1234567", "10:15:60", "24:00:00", ""]
)
ZONE = st.sampled_from(["Z", "z", "+01:00", "-0130", "+01", "+24:00", "+99:99", "+01:60", "", " Z", "+01:00:30"])
TIME = st.builds(lambda *parts: "".join(parts), DAY, st.sampled_from(["T", " ", "t", ""]), CLOCK, ZONE)
EVENT = st.fixed_dictionaries(
    {
        "id": st.text(min_size=1, max_size=5) | ODD,
        "time": st.just("2026-11-20T10:15:00Z") | TIME | ODD,
        "metric": st.sampled_from(["tokens.input", "requests", "tokens input"]) | ODD,
        "quantity": st.integers(-1, 10) | st.just("1e-3") | ODD,
    },
    optional={"pool": st.just("gateway") | ODD, "team": st.text(max_size=3) | ODD, "": ODD, "n" * 101: ODD},
)
GOOD = st.fixed_dictionaries(
    {
        "id": st.text("abc", min_size=1),
        "time": st.just("2026-11-20T10:15:00Z"),
        "metric": st.just("requests"),
        "quantity": st.integers(0, 9),
    },
    optional={"user": st.text("abc", min_size=1) | ODD},
)


@settings(deadline=None)
@given(st.lists(GOOD | EVENT, max_size=4))
def test_events_are_checked_together_as_each_is_alone(raws: list[dict[str, Any]]) -> None:
    assert together(raws) == [alone(raw) for raw in raws]


@settings(deadline=None)
@given(TIME)
def test_a_time_is_read_as_it_is_alone(time: str) -> None:
    raw = {"id": "a", "time": time, "metric": "requests", "quantity": 1}
    assert together([raw]) == [alone(raw)]


@pytest.mark.parametrize("value", [[], {"a": 1}])
def test_a_nested_fact_harms_no_other_event(value: Any) -> None:
    good = {"id": "a", "time": "2026-11-20T10:15:00Z", "metric": "requests", "quantity": 1, "team": "search"}
    found = together([good, good | {"labels": value}, good | {"id": "b"}])
    assert found == [
        alone(good),
        "the fact 'labels' is nested; facts are text, numbers or true and false",
        alone(good | {"id": "b"}),
    ]


def test_of_several_mistakes_the_first_field_s_is_told() -> None:
    assert "id is missing" in str(together([{"time": "never", "quantity": -1}])[0])
