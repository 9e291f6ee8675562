"""A digest of what a rule set says of one day: days whose digest stays have the same allocations, to the last byte.

It is of the rules, shared teams, teams and rates that hold on the day, or on a day that it leans on: all of its month
where a rule that holds on it weighs by a whole month, and the days of the usage that it needs. Files, lines, comments,
budgets, contacts, and the order of what has none are no part of it.
"""

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rules.daily.clipping import DaySpan, boundaries, clipped, days_of, hull, month_of, one_day
from rules.daily.forms import (
    Form,
    View,
    bearers,
    days_form,
    in_order,
    matcher_form,
    outcome_form,
    split_form,
    usage_owner_form,
)
from rules.daily.names import meanings, meanings_form, teams_meant
from rules.facts import followed_columns
from rules.hours import LOOK_BACK_HOURS, Span
from rules.month import leaning_on_month
from rules.outcomes import Activity, MappingOwner, Owner
from rules.owners import cost_centers, directory
from rules.ruleset import Rule, RuleSet, SharedTeam, holds_on
from rules.schema import IDLE, UNATTRIBUTED


@dataclass(frozen=True)
class DailyRules:
    """A rule set that is asked about many days: `changes` are the days on which anything of it begins or ends.

    `monthly` are the rules and shared teams that are weighed by a whole month. What was worked out serves all days that
    see the same.
    """

    ruleset: RuleSet
    changes: tuple[date, ...]
    monthly: tuple[Rule | SharedTeam, ...]
    known: dict[tuple[int, ...], str] = field(default_factory=dict, repr=False, compare=False)
    matches: dict[str, Form] = field(default_factory=dict, repr=False, compare=False)
    """What rules match, by their names."""


def daily(ruleset: RuleSet) -> DailyRules:
    """Return a rule set to be asked about days."""
    return DailyRules(ruleset, boundaries(ruleset), leaning_on_month(ruleset))


def leans_on_month(rules: DailyRules, day: date) -> bool:
    """Return whether a rule that holds on a UTC day weighs by what other days of its month cost."""
    return any(holds_on(leaning, day) for leaning in rules.monthly)


def digest_of_day(rules: DailyRules, day: date, usage: Span | None) -> str:
    """Return the SHA-256 of what the rules say of a UTC day; `usage` is the span of it that the day's charges need.

    That may be the `Attribution.span` by other rules: where these say the same over it, it is theirs too.
    """
    view = _view(rules, day, usage)
    spans = (view.day, view.month, view.charged, view.around)
    key = tuple(place for span in spans for place in _place(rules.changes, span))
    if key not in rules.known:
        document = _document(rules, view)
        rules.known[key] = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return rules.known[key]


def _view(rules: DailyRules, day: date, usage: Span | None) -> View:
    own, month = one_day(day), month_of(day)
    around = [own] if usage is None else [own, days_of(usage)]
    if not leans_on_month(rules, day):
        return View(own, one_day(month.first), own, hull(around))
    month_usage = DaySpan(month.first - timedelta(hours=LOOK_BACK_HOURS), month.end)
    return View(own, one_day(month.first), month, hull((*around, month_usage)))


def _place(changes: tuple[date, ...], span: DaySpan) -> tuple[int, int]:
    """Return how many changes are behind the first day of a span, and how many before its end: that is all it sees."""
    return bisect_right(changes, span.first), bisect_left(changes, span.end)


def _document(rules: DailyRules, view: View) -> dict[str, Form]:
    ruleset, around = rules.ruleset, view.around
    points = [around.first, *(change for change in rules.changes if around.first < change < around.end)]
    names = meanings(directory(ruleset.teams), points)
    there = teams_meant(names)
    view = replace(view, there=there | {UNATTRIBUTED, IDLE})
    held = [rule for rule in ruleset.rules if clipped((rule.start, rule.end), view.charged) is not None]
    bearing = there.union(*(bearers(rule.outcome) for rule in held))
    centers = sorted(cost_centers(ruleset.teams).items())
    return {
        "names": meanings_form(names),
        "cost centers": [[team, center] for team, center in centers if team in bearing],
        "dimensions": in_order(list(one) for one in (*ruleset.dimensions, *ruleset.more_dimensions)),
        "required tags": list(ruleset.required_tags),
        "told apart": _told_apart(ruleset),
        "rules": list(_for_charges(rules, held, view)),
        "shared": in_order(_shared(ruleset, replace(view, charged=view.day))),
        "usage": list(_for_usage(rules, view)),
    }


def _for_charges(rules: DailyRules, held: list[Rule], view: View) -> Iterator[Form]:
    """Yield the rules in their order. Activities that are the same share their claims: those tell their first."""
    first: dict[Activity, str] = {}
    for rule in held:
        days = days_form(clipped((rule.start, rule.end), view.charged) or (None, None))
        same = first.setdefault(rule.outcome, rule.name) if isinstance(rule.outcome, Activity) else None
        yield [rule.name, *days, _match(rules, rule), outcome_form(rule.outcome, view), same]


def _match(rules: DailyRules, rule: Rule) -> Form:
    if rule.name not in rules.matches:
        rules.matches[rule.name] = matcher_form(rule.match)
    return rules.matches[rule.name]


def _shared(ruleset: RuleSet, view: View) -> Iterator[Form]:
    """Yield the shared teams of the day alone: what rules lean on is known before any cost is passed on."""
    for entry in ruleset.shared:
        if clipped((entry.start, entry.end), view.charged) is not None:
            yield [entry.team, *split_form(entry.split, view)]


def _for_usage(rules: DailyRules, view: View) -> Iterator[Form]:
    """Yield the owner rules in their order, as usage is given its owners by them."""
    for rule in rules.ruleset.rules:
        if isinstance(rule.outcome, Owner | MappingOwner):
            days = clipped((rule.start, rule.end), view.around)
            if days is not None:
                yield [*days_form(days), _match(rules, rule), usage_owner_form(rule.outcome, view)]


def _told_apart(ruleset: RuleSet) -> list[Form]:
    """Return the followed columns by which cells are finer than their source and dimensions: on every day alike."""
    dimensions = {column for _, column in ruleset.dimensions if column != "ProviderName"}
    return [column for column in followed_columns(ruleset) if column not in {*dimensions, "x_Source"}]
