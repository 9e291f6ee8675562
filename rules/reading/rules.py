"""Reading `rules:`."""

from collections.abc import Mapping
from dataclasses import replace

from rules import keywords
from rules.located import Located
from rules.matchers import EVERYTHING, Matcher, patterns_of
from rules.outcomes import Activity
from rules.problem import Problem
from rules.reading.context import Context
from rules.reading.fields import dates, entries_of, flag, word
from rules.reading.match import read_match
from rules.reading.outcome import read_outcome
from rules.reading.reach import check_reach
from rules.reading.regex import unreadable
from rules.reading.team_days import while_there
from rules.ruleset import Rule


def read_rules(node: Located, context: Context) -> tuple[Rule, ...]:
    """Return the ordered rules; those with a problem are left out of it."""
    if node.is_empty:
        return ()
    if node.items is None:
        context.problems.append(node.problem("`rules` is a list", "begin every rule with `- name: …`"))
        return ()
    read = (_rule(index, item, context) for index, item in enumerate(node.items))
    rules = tuple(rule for rule in read if rule is not None)
    _check_names(rules, context)
    _check_patterns(rules, context)
    _check_pools(rules, context)
    context.problems.extend(check_reach(rules))
    return rules


def _rule(index: int, node: Located, context: Context) -> Rule | None:
    default = f"rule {index + 1}"
    entries = entries_of(node, keywords.RULE, f"`{default}`", context.problems)
    if not entries:
        return None
    name = word(entries["name"], "`name`", context.problems) if "name" in entries else default
    start, end = dates(entries, context.problems)
    outcome = read_outcome(entries, node, context)
    match = _match(entries, context)
    if outcome is None:
        return None
    return while_there(Rule(name or default, outcome, match, start, end, node.file, node.line), context)


def _match(entries: Mapping[str, Located], context: Context) -> Matcher:
    if "match_case" in entries and flag(entries["match_case"], "`match_case`", context.problems) is False:
        context = replace(context, match_case=False)
    return read_match(entries["match"], context) if "match" in entries else EVERYTHING


def _check_names(rules: tuple[Rule, ...], context: Context) -> None:
    first: dict[str, Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.name, rule)
        if other is not rule:
            message = f"two rules are called `{rule.name}` (first on line {other.line})"
            context.problems.append(Problem(rule.file, rule.line, message, "give each its own name"))


def _check_patterns(rules: tuple[Rule, ...], context: Context) -> None:
    patterns = {rule.name: patterns_of(rule.match) for rule in rules}
    complaints = unreadable(pattern for found in patterns.values() for pattern in found)
    if not complaints:
        return
    for rule in rules:
        for pattern in patterns[rule.name]:
            if pattern in complaints:
                message = f"the pattern {pattern!r} cannot be read: {complaints[pattern]}"
                fix = "write RE2 syntax, which has no look-around and no back-references"
                context.problems.append(Problem(rule.file, rule.line, message, fix))


def _check_pools(rules: tuple[Rule, ...], context: Context) -> None:
    """Rules that name the same pool share one set of claims, so they must agree on everything else."""
    first: dict[str, tuple[Rule, Activity]] = {}
    for rule in rules:
        if not isinstance(rule.outcome, Activity) or rule.outcome.pool is None:
            continue
        other, activity = first.setdefault(rule.outcome.pool, (rule, rule.outcome))
        together = (rule.start, rule.end) == (other.start, other.end)
        if together and activity != rule.outcome:
            message = f"pool `{activity.pool}` is claimed differently by rule `{other.name}` (line {other.line})"
            fix = "give both rules the same rates, rest and per"
            context.problems.append(Problem(rule.file, rule.line, message, fix))
