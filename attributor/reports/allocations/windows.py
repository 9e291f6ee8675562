"""Which days are asked for, in OpenCost's words, and the steps that cut them into sets."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from attributor.periods import Month, month_of, parse_month

_DAY = timedelta(days=1)
_LENGTH = re.compile(r"(\d{1,6})(h|d|w)", re.ASCII)
_INSTANT = re.compile(r"\d{1,12}", re.ASCII)
_MOST_DAYS = 1200
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
_FORMS = "today, yesterday, week, month, lastweek, lastmonth, 7d, 2026-10, or 2026-10-01T00:00:00Z,2026-10-08T00:00:00Z"

Calendar = Literal["day", "week", "month", "quarter"]


class WindowError(ValueError):
    """A window, step or accumulation cannot be read; the message says which forms there are."""


@dataclass(frozen=True, order=True)
class Window:
    """UTC days [start, end), at least one."""

    start: date
    end: date


def parse_window(text: str, today: date) -> Window:
    """Read a window of whole UTC days; `today` belongs to what goes on. Raises WindowError.

    Weeks begin on Monday. `7d` is the last seven days, today included. A pair is half-open: RFC 3339 moments, days or
    seconds since 1970, each at a UTC midnight, because costs are kept by day.
    """
    window = _word(text, today) or _last(text, today) or _pair(text) or _month(text)
    if window is None:
        raise WindowError(f"window={text!r} cannot be read; write one of {_FORMS}")
    if window.end <= window.start:
        raise WindowError(f"window={text!r} ends before it begins")
    if (window.end - window.start).days > _MOST_DAYS:
        raise WindowError(f"window={text!r} is of more than {_MOST_DAYS} days; ask for less at a time")
    return window


def cut(window: Window, step: str | None) -> tuple[Window, ...]:
    """Cut a window into steps such as `1d`, `24h` or `1w` from its start on; without one it is whole. WindowError."""
    if step is None:
        return (window,)
    days = _days(step)
    if not days:
        raise WindowError(f"step={step!r} cannot be read; write whole days, as in 1d, 24h or 1w")
    starts = range(0, (window.end - window.start).days, days)
    return tuple(
        Window(at, min(at + days * _DAY, window.end)) for at in (window.start + each * _DAY for each in starts)
    )


def along_calendar(window: Window, by: Calendar) -> tuple[Window, ...]:
    """Cut a window where days, weeks, months or quarters begin; the first and last may be cut short."""
    found: list[Window] = []
    start = window.start
    while start < window.end:
        end = min(_next(start, by), window.end)
        found.append(Window(start, end))
        start = end
    return tuple(found)


def _next(day: date, by: Calendar) -> date:
    if by == "day":
        return day + _DAY
    if by == "week":
        return day + (7 - day.weekday()) * _DAY
    month = month_of(day)
    return month.end if by == "month" else month.plus(2 - (month.month - 1) % 3).end


def _word(text: str, today: date) -> Window | None:
    tomorrow, monday, month = today + _DAY, today - today.weekday() * _DAY, month_of(today)
    words = {
        "today": Window(today, tomorrow),
        "yesterday": Window(today - _DAY, today),
        "week": Window(monday, tomorrow),
        "lastweek": Window(monday - 7 * _DAY, monday),
        "month": Window(month.first, tomorrow),
        "lastmonth": Window(month.plus(-1).first, month.first),
    }
    return words.get(text)


def _last(text: str, today: date) -> Window | None:
    if not _LENGTH.fullmatch(text):
        return None
    days = _days(text)
    if not days:
        raise WindowError(
            f"window={text!r} is not of whole days, and costs are kept by day; write for example 1d or 48h"
        )
    if days > _MOST_DAYS:
        raise WindowError(f"window={text!r} is of more than {_MOST_DAYS} days; ask for less at a time")
    return Window(today - (days - 1) * _DAY, today + _DAY)


def _days(text: str) -> int:
    """Return how many whole days a length has; 0 where it is none or not whole."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return 0
    count = int(match[1])
    if match[2] == "h":
        return 0 if count % 24 else count // 24
    return count * (7 if match[2] == "w" else 1)


def _pair(text: str) -> Window | None:
    start, comma, end = text.partition(",")
    return Window(_moment(start), _moment(end)) if comma else None


def _moment(text: str) -> date:
    try:
        at = datetime.fromtimestamp(int(text), UTC) if _INSTANT.fullmatch(text) else datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise WindowError(f"{text!r} in window is no moment; write it as 2026-10-01T00:00:00Z") from error
    if at.timetz().replace(tzinfo=None) != datetime.min.time():
        raise WindowError(f"{text!r} in window is no UTC midnight, and costs are kept by day")
    if not _FIRST_DAY <= at.date() <= _LAST_DAY:
        raise WindowError(f"{text!r} in window is not between 1970 and 2199")
    return at.date()


def _month(text: str) -> Window | None:
    try:
        month: Month = parse_month(text)
    except ValueError:
        return None
    return Window(month.first, month.end)
