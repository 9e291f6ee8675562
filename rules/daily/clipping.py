"""Dated things as they look from some UTC days: what is dated outside of them makes no difference there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from rules.hours import Span
from rules.outcomes import Activity, Days
from rules.ruleset import Rule, RuleSet, SharedTeam, Team


@dataclass(frozen=True)
class DaySpan:
    """UTC days [first, end); at least one."""

    first: date
    end: date


def one_day(day: date) -> DaySpan:
    """Return a day alone."""
    return DaySpan(day, day + timedelta(days=1))


def days_of(span: Span) -> DaySpan:
    """Return the days of which a span has some time."""
    last = (span.end - timedelta(microseconds=1)).date()
    return DaySpan(span.start.date(), last + timedelta(days=1))


def month_of(day: date) -> DaySpan:
    """Return the month that a day is in."""
    first = day.replace(day=1)
    return DaySpan(first, date(first.year + first.month // 12, first.month % 12 + 1, 1))


def hull(spans: Iterable[DaySpan]) -> DaySpan:
    """Return the shortest span that holds all of some."""
    listed = list(spans)
    return DaySpan(min(span.first for span in listed), max(span.end for span in listed))


def clipped(days: Days, span: DaySpan) -> Days | None:
    """Return days with the ends that lie outside of a span left open; None where no day of the span is among them."""
    start, end = days
    first = span.first if start is None else max(start, span.first)
    last = span.end if end is None else min(end, span.end)
    if first >= last:
        return None
    return None if first == span.first else first, None if last == span.end else last


def boundaries(ruleset: RuleSet) -> tuple[date, ...]:
    """Return every day on which something of a rule set begins or ends, in order."""
    return tuple(sorted({day for day in _dates(ruleset) if day is not None}))


def _dates(ruleset: RuleSet) -> Iterator[date | None]:
    parts: tuple[Rule | SharedTeam | Team, ...] = (*ruleset.rules, *ruleset.shared, *ruleset.teams)
    for part in parts:
        yield part.start
        yield part.end
    for team in ruleset.teams:
        yield from (old.until for old in team.was)
    for rule in ruleset.rules:
        if isinstance(rule.outcome, Activity):
            for rate in rule.outcome.rates:
                yield rate.start
                yield rate.end
