"""Windows in OpenCost's words, of whole UTC days."""

from datetime import date

import pytest

from attributor.reports.allocations.windows import Window, WindowError, along_calendar, cut, parse_window

TODAY = date(2026, 11, 18)  # a Wednesday


def window(start, end):
    return Window(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("today", window("2026-11-18", "2026-11-19")),
        ("yesterday", window("2026-11-17", "2026-11-18")),
        ("week", window("2026-11-16", "2026-11-19")),
        ("lastweek", window("2026-11-09", "2026-11-16")),
        ("month", window("2026-11-01", "2026-11-19")),
        ("lastmonth", window("2026-10-01", "2026-11-01")),
        ("7d", window("2026-11-12", "2026-11-19")),
        ("48h", window("2026-11-17", "2026-11-19")),
        ("2w", window("2026-11-05", "2026-11-19")),
        ("2026-10", window("2026-10-01", "2026-11-01")),
        ("2026-10-01T00:00:00Z,2026-10-08T00:00:00Z", window("2026-10-01", "2026-10-08")),
        ("2026-10-01T02:00:00+02:00,2026-10-08", window("2026-10-01", "2026-10-08")),
        ("1790812800,1791417600", window("2026-10-01", "2026-10-08")),
    ],
)
def test_a_window_is_read_as_whole_days(text, days):
    assert parse_window(text, TODAY) == days


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("soon", "cannot be read; write one of today"),
        ("", "cannot be read"),
        ("30m", "cannot be read"),
        ("12h", "not of whole days"),
        ("0d", "not of whole days"),
        ("9999d", "more than 1200 days"),
        ("2026-10-08,2026-10-01", "ends before it begins"),
        ("2026-10-01,2026-10-01", "ends before it begins"),
        ("2026-10-01,", "is no moment"),
        ("2026-10-01T05:00:00Z,2026-10-02", "no UTC midnight"),
        ("1000-10-01,2026-10-02", "not between 1970 and 2199"),
        ("2000-01-01,2026-10-02", "more than 1200 days"),
    ],
)
def test_what_is_no_window_is_refused_with_the_forms(text, says):
    with pytest.raises(WindowError, match=says):
        parse_window(text, TODAY)


def test_steps_are_cut_from_the_start_and_the_last_may_be_short():
    ten = window("2026-11-01", "2026-11-11")
    assert cut(ten, None) == (ten,)
    assert cut(ten, "96h") == (
        window("2026-11-01", "2026-11-05"),
        window("2026-11-05", "2026-11-09"),
        window("2026-11-09", "2026-11-11"),
    )
    assert cut(ten, "1w")[1] == window("2026-11-08", "2026-11-11")
    with pytest.raises(WindowError, match="write whole days"):
        cut(ten, "6h")


def test_the_calendar_cuts_where_its_parts_begin():
    autumn = window("2026-09-29", "2026-11-03")
    assert [str(each.start) for each in along_calendar(autumn, "month")] == ["2026-09-29", "2026-10-01", "2026-11-01"]
    assert [str(each.start) for each in along_calendar(autumn, "quarter")] == ["2026-09-29", "2026-10-01"]
    assert [str(each.start) for each in along_calendar(autumn, "week")][:2] == ["2026-09-29", "2026-10-05"]
    assert len(along_calendar(autumn, "day")) == 35
