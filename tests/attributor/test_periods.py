"""Periods are read as people write them, and are half-open days inside."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attributor.periods import Month, Span, parse_period


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 12, 1)),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2026-W47", date(2026, 11, 16), date(2026, 11, 23)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 4)),
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-11-03..2026-11-20", date(2026, 11, 3), date(2026, 11, 21)),
        ("2026-11-03..2026-11-03", date(2026, 11, 3), date(2026, 11, 4)),
    ],
)
def test_a_period_is_read_and_written_alike(text, first, end):
    period = parse_period(text)
    assert (period.first, period.end, str(period)) == (first, end, text)


def test_days_that_are_a_whole_month_are_that_month():
    assert parse_period("2028-02-01..2028-02-29") == Month(2028, 2)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("2026-W54", "is not a period; write it as 2026-11"),
        ("2026-Q5", "is not a period"),
        ("2026-02-30..2026-03-01", "is not a period"),
        ("0000", "is not a period"),
        ("9999", "is not a period"),
        ("1969-Q4", "lies outside of the years"),
        ("9999-12-31..9999-12-31", "is not a period"),
        ("2026-11-20..2026-11-03", "ends before it begins"),
        ("2020-01-01..2026-01-01", "is longer than 1096 days"),
        ("2026-13", "is not a"),
        ("", "is not a period"),
    ],
)
def test_what_is_no_period_is_told_in_which_form_it_is_written(text, clear):
    with pytest.raises(ValueError, match=clear):
        parse_period(text)


periods = st.one_of(
    st.integers(1971, 2198).map(str),
    st.tuples(st.integers(1971, 2198), st.integers(1, 4)).map(lambda of: f"{of[0]}-Q{of[1]}"),
    st.tuples(st.integers(1971, 2198), st.integers(1, 52)).map(lambda of: f"{of[0]}-W{of[1]:02d}"),
    st.tuples(st.dates(date(1975, 1, 1), date(2190, 1, 1)), st.integers(0, 1095)).map(
        lambda of: f"{of[0]}..{of[0] + timedelta(days=of[1])}"
    ),
)


@given(periods)
def test_the_period_before_ends_where_it_begins_and_the_one_after_begins_where_it_ends(text):
    period = parse_period(text)
    assert period.plus(-1).end == period.first
    assert period.plus(1).first == period.end
    assert period.plus(-1).plus(1) == period
    assert parse_period(str(period)) == period
    if isinstance(period, Span):
        assert period.last == period.end - timedelta(days=1)
