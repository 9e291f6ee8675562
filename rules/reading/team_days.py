"""Rules that name a team which is not there on all of their days."""

from dataclasses import replace
from datetime import date

from rules.outcomes import Activity, Days, Owner, UsageSplit
from rules.problem import Problem
from rules.reading.context import Context
from rules.ruleset import Rule


def while_there(rule: Rule, context: Context) -> Rule:
    """Return the rule on the days of the team that it gives everything to: on others charges fall through.

    A rule that names a dated team where something else than its usage brings cost to it is warned of.
    """
    if isinstance(rule.outcome, Owner) and rule.outcome.team in context.names.days:
        start, end = _common((rule.start, rule.end), context.names.days[rule.outcome.team])
        if start is not None and end is not None and start >= end:
            message = f"rule `{rule.name}` holds on no day on which team `{rule.outcome.team}` is there"
            fix = "take it out, or change the dates"
            context.problems.append(Problem(rule.file, rule.line, message, fix, "warning"))
        return replace(rule, start=start, end=end)
    for team in _bearers(rule):
        days = context.names.days.get(team, (None, None))
        if _common((rule.start, rule.end), days) != (rule.start, rule.end):
            message = f"rule `{rule.name}` gives cost to team `{team}` also on days on which it is not there"
            fix = "give the rule the team's `from:` and `until:`, and write another for the other days"
            context.problems.append(Problem(rule.file, rule.line, message, fix, "warning"))
    return rule


def _bearers(rule: Rule) -> tuple[str, ...]:
    outcome = rule.outcome
    if isinstance(outcome, Activity):
        return (outcome.rest,)
    return (outcome.idle, outcome.unallocated) if isinstance(outcome, UsageSplit) else ()


def _common(one: Days, other: Days) -> Days:
    starts = [day for day in (one[0], other[0]) if day is not None]
    ends = [day for day in (one[1], other[1]) if day is not None]
    start: date | None = max(starts, default=None)
    return start, min(ends, default=None)
