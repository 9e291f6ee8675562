"""Sentences that say what the numbers of a page leave out."""

from collections.abc import Sequence
from datetime import date

from attributor.periods import Month
from attributor.reports.categories import USAGE, CategoryLine
from attributor.reports.comparison import Comparison
from attributor.reports.view import Heading
from attributor.web.formats import money, short_day
from attributor.web.period_words import days, period_name, sentence

_APART = {"Purchase": "purchases", "Tax": "taxes", "Credit": "credits", "Adjustment": "adjustments"}


def compared_with(comparison: Comparison) -> str:
    """Write what a change is a change on: "October", "1–20 October" or "the same days of October"."""
    name = period_name(comparison.period)
    if comparison.whole:
        return name
    if len(comparison.spans) != 1:
        return f"the same days of {name}"
    ((first, last),) = comparison.spans
    return days(first, last)


def comparison_notice(heading: Heading) -> str:
    """Say what changes leave out, and why; nothing where they leave out nothing."""
    comparison = heading.comparison
    name, shown = period_name(comparison.period), period_name(heading.period)
    if not comparison.is_possible:
        return f"No day is known in both {name} and {shown}: nothing is compared."
    firsts = {span.first for span in comparison.sources}
    if len(firsts) == 1 and comparison.cut:
        since = f"the {_ordinal(firsts)}" if isinstance(comparison.period, Month) else _first_day(firsts)
        return f"{sentence(name)} is known from {since} on: changes compare with {compared_with(comparison)}."
    left_out = [
        f"{span.source} before {short_day(span.first)}" if span.first else span.source for span in comparison.cut
    ]
    if not left_out:
        return ""
    return f"Changes leave out what is not known in both {name} and {shown}: {_listed(left_out)}."


def not_drawn(categories: Sequence[CategoryLine], currency: str) -> str:
    """Say what a chart of usage by day does not draw; nothing where all is usage."""
    apart = [f"{_apart(line)} of {money(line.cost, currency, 0)}" for line in categories if line.category != USAGE]
    return f"Usage only: {_listed(apart)} are not drawn." if apart else ""


def _apart(line: CategoryLine) -> str:
    return f"corrections of {line.corrects}" if line.corrects else _APART.get(line.category, line.category)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _first_day(firsts: set[date | None]) -> str:
    return next(short_day(day) for day in firsts if day)


def _ordinal(firsts: set[date | None]) -> str:
    number = next(day.day for day in firsts if day)
    ending = "th" if 11 <= number <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
