"""How periods are written for people: a month by its name, any days by the first and the last."""

from datetime import date, timedelta

from attributor.periods import Month, Period
from attributor.web.formats import short_day

_DASH = "–"


def period(value: Period) -> str:
    """Write a period in full: November 2026, Q4 2026, week 47 of 2026, 2026, 3–20 November 2026."""
    return _written(value, "%B")


def short_period(value: Period) -> str:
    """Write a period shortly: Nov 2026, Q4 2026, week 47 of 2026, 2026, 3–20 Nov 2026."""
    return _written(value, "%b")


def period_name(value: Period) -> str:
    """Write a period within a known year: November, Q4, week 47, 2026, 3–20 November."""
    if isinstance(value, Month):
        return f"{value.first:%B}"
    named = {"quarter": str(value)[5:], "week": f"week {value.first.isocalendar().week}", "year": str(value)}
    return named.get(value.kind) or days(value.first, value.last)


def last_day(value: Period) -> date:
    """Return the last day that is in a period."""
    return value.end - timedelta(days=1)


def sentence(text: str) -> str:
    """Write the first letter large."""
    return f"{text[:1].upper()}{text[1:]}"


def days(first: date, last: date) -> str:
    """Write days within a known year, the last one with them: 20 October, 3–20 October, 28 Sep–3 Oct."""
    if first == last:
        return f"{first.day} {first:%B}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{_DASH}{last.day} {last:%B}"
    return f"{short_day(first)}{_DASH}{short_day(last)}"


def _written(value: Period, month: str) -> str:
    if isinstance(value, Month):
        return f"{value.first:{month} %Y}"
    if value.kind != "days":
        year = str(value)[:4]
        return {"quarter": f"{str(value)[5:]} {year}", "week": f"week {str(value)[6:]} of {year}"}.get(value.kind, year)
    first, last = value.first, value.last
    if first == last:
        return f"{first.day} {first:{month} %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{_DASH}{last.day} {last:{month} %Y}"
    begins = f"{first.day} {first:%b %Y}" if first.year != last.year else short_day(first)
    return f"{begins} {_DASH} {short_day(last)} {last.year}"
