"""Matchers and outcomes as plain values: two that do the same on the days looked at are written alike.

Left out is what does not matter there: the order of what is combined, how a number or a file is written, members,
rates and lines of mapping tables that hold on none of the days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from rules.daily.clipping import DaySpan, clipped
from rules.matchers import AllOf, AnyOf, Matcher, Not
from rules.outcomes import (
    Activity,
    CostSplit,
    Days,
    FixedSplit,
    Follow,
    MappedOwner,
    MappingOwner,
    Outcome,
    Owner,
    Per,
    UsageSplit,
    WithoutUsage,
)

Form: TypeAlias = "str | bool | list[Form] | None"
"""What JSON can hold."""


@dataclass(frozen=True)
class View:
    """The days from which rules are looked at.

    `day` is the day asked about, `month` the first of its month, each alone; `charged` are the days of the charges that
    matter, within that month, and `around` those and the days of the usage. `there` are the owners on any of the last.
    """

    day: DaySpan
    month: DaySpan
    charged: DaySpan
    around: DaySpan
    there: frozenset[str] = frozenset()


def in_order(forms: Iterable[Form]) -> list[Form]:
    """Return forms of which the order does not matter."""
    return sorted(forms, key=repr)


def days_form(days: Days) -> list[Form]:
    """Return days that were clipped."""
    return [None if day is None else day.isoformat() for day in days]


def matcher_form(matcher: Matcher) -> Form:
    """Return a matcher: parts, texts and patterns in any order are the same."""
    kind = type(matcher).__name__
    if isinstance(matcher, Not):
        return [kind, matcher_form(matcher.part)]
    if isinstance(matcher, AllOf | AnyOf):
        return [kind, in_order(map(matcher_form, matcher.parts))]
    return [kind, *(sorted(value) if isinstance(value, tuple) else value for value in vars(matcher).values())]


def outcome_form(outcome: Outcome, view: View) -> Form:
    """Return what becomes of charges."""
    kind = type(outcome).__name__
    if isinstance(outcome, Owner):
        columns = [outcome.project_column, outcome.environment_column, outcome.cost_center_column]
        return [kind, outcome.team, outcome.team_column, *columns, _pairs(outcome.dimension_columns)]
    if isinstance(outcome, MappingOwner):
        return [kind, outcome.column, in_order([value, *_mapped(to)] for value, to in _lines(outcome, view))]
    if isinstance(outcome, FixedSplit):
        return [kind, _fixed(outcome, view.charged)]
    if isinstance(outcome, Follow):
        return [kind, *outcome.columns]
    if isinstance(outcome, Activity):
        rates = ((rate, clipped((rate.start, rate.end), view.around)) for rate in outcome.rates)
        held = [[rate.metric, _number(rate.money), *days_form(days)] for rate, days in rates if days is not None]
        return [kind, outcome.pool, outcome.per, outcome.rest, in_order(held)]
    return [kind, *split_form(outcome, view)]


def split_form(split: UsageSplit | CostSplit | FixedSplit, view: View) -> list[Form]:
    """Return a split; what stands in for a bucket without usage does so as of the bucket's first day."""
    if isinstance(split, FixedSplit):
        return [_fixed(split, view.charged)]
    among: list[Form] = in_order(split.among)
    if isinstance(split, CostSplit):
        return [split.per, among, _stand_in(split.without_usage, view.charged)]
    drivers = in_order([driver.metric, driver.pool, _number(driver.weight)] for driver in split.drivers)
    stand_in = _stand_in(split.without_usage, _first_days(split.per, view))
    return [drivers, split.per, among, stand_in, split.idle, split.unallocated]


def usage_owner_form(outcome: Owner | MappingOwner, view: View) -> Form:
    """Return whom usage belongs to: of an owner, only the team is asked."""
    if isinstance(outcome, Owner):
        return [outcome.team, outcome.team_column]
    return [outcome.column, in_order([value, owner.team] for value, owner in _lines(outcome, view))]


def bearers(outcome: Outcome) -> frozenset[str]:
    """Return the ids that an outcome may give cost to also on days on which the team is not there."""
    if isinstance(outcome, Activity):
        return frozenset({outcome.rest})
    return frozenset({outcome.idle, outcome.unallocated}) if isinstance(outcome, UsageSplit) else frozenset()


def _lines(mapping: MappingOwner, view: View) -> Iterable[tuple[str, MappedOwner]]:
    return ((value, owner) for value, owner in mapping.owners if owner.team in view.there)


def _mapped(owner: MappedOwner) -> list[Form]:
    return [owner.team, owner.project, owner.environment, owner.cost_center, _pairs(owner.dimensions)]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[Form]:
    return in_order(list(pair) for pair in pairs)


def _fixed(split: FixedSplit, on: DaySpan) -> list[Form]:
    always: Days = (None, None)
    days = dict(split.days)
    members = ((team, weight, clipped(days.get(team, always), on)) for team, weight in split.weights)
    held = [[team, _number(weight), *days_form(of)] for team, weight, of in members if of is not None]
    return [split.method, in_order(held)]


def _stand_in(without_usage: WithoutUsage, on: DaySpan) -> Form:
    return _fixed(without_usage, on) if isinstance(without_usage, FixedSplit) else without_usage


def _first_days(per: Per, view: View) -> DaySpan:
    return view.month if per == "month" else view.charged


def _number(value: Decimal) -> str:
    return str(Fraction(value))
