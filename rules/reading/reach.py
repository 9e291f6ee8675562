"""Rules that get nothing, or not all that they ask for: what they ask contradicts itself, or earlier rules take it."""

from collections.abc import Iterator, Sequence

from rules.columns import KINDS
from rules.implication import Test, inner
from rules.matchers import EVERYTHING, Not, OneOf, Prefix, Present, Range, columns_of
from rules.outcomes import MappingOwner, Owner
from rules.problem import Problem
from rules.reading.earlier import Earlier
from rules.reading.fields import listed
from rules.reading.points import Point, contradicting, points
from rules.ruleset import Rule

_MOST_NAMED = 3


def check_reach(rules: Sequence[Rule]) -> list[Problem]:
    """Return a warning for every rule that can never match, and a note for every one of which parts never do.

    Only what earlier rules take for certain counts: those whose owner depends on a value let charges fall through.
    """
    earlier = Earlier()
    problems: list[Problem] = []
    for rule in rules:
        found = points(rule.match)
        if found is None:
            continue
        live = [point for point in found if contradicting(point) is None]
        if not live:
            problems += _contradiction(rule, found)
            continue
        problems += _taken(rule, live, earlier)
        if not may_fall_through(rule):
            earlier.add(rule, live)
    return problems


def may_fall_through(rule: Rule) -> bool:
    """Return whether a charge that the rule matches may go on to the next one, for its value names no team."""
    return isinstance(rule.outcome, MappingOwner) or (isinstance(rule.outcome, Owner) and not rule.outcome.team)


def _contradiction(rule: Rule, found: Sequence[Point]) -> Iterator[Problem]:
    columns = dict.fromkeys(column for column in map(contradicting, found) if column is not None)
    if columns:  # a match without any alternative could not be read, which is told already
        message = f"rule `{rule.name}` never matches: what it asks of {listed(columns)} cannot hold together"
        yield Problem(rule.file, rule.line, message, "ask for one or the other, or take it out", "warning")


def _taken(rule: Rule, live: Sequence[Point], earlier: Earlier) -> Iterator[Problem]:
    takers = [earlier.taker(rule, point) for point in live]
    known = list(dict.fromkeys(taker for taker in takers if taker is not None))
    if not known or any(_leaves_usage(taker, rule) for taker in known):
        return
    if None not in takers:
        yield _unreached(rule, known)
        return
    for taker in known:
        if taker.outcome != rule.outcome:
            lost = [point for point, by in zip(live, takers, strict=True) if by is taker]
            yield _overlap(rule, taker, lost)


def _leaves_usage(taker: Rule, rule: Rule) -> bool:
    """Usage gets its owner from owner rules alone: what a split takes of the charges, it does not take of the usage."""
    asks_facts = not any(name in KINDS and name != "x_Source" for name in columns_of(rule.match))
    return not isinstance(taker.outcome, Owner) and isinstance(rule.outcome, Owner | MappingOwner) and asks_facts


def _unreached(rule: Rule, takers: Sequence[Rule]) -> Problem:
    named = ", ".join(f"`{taker.name}` on line {taker.line}" for taker in takers[:_MOST_NAMED])
    left = len(takers) - _MOST_NAMED
    what = "everything" if any(taker.match == EVERYTHING for taker in takers) else "all that it asks for"
    verb = "takes" if len(takers) == 1 else "take"
    message = f"rule `{rule.name}` never matches: {named}{f' and {left} more' if left > 0 else ''} {verb} {what}"
    if len(takers) == 1 and takers[0].match == rule.match != EVERYTHING and takers[0].outcome != rule.outcome:
        message = f"rule `{rule.name}` contradicts {named}: it asks for the same, and never matches"
    return Problem(rule.file, rule.line, message, "move it up, or take it out", "warning")


def _overlap(rule: Rule, taker: Rule, lost: Sequence[Point]) -> Problem:
    parts = "; ".join(_told(point) for point in lost[:_MOST_NAMED])
    more = f" and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
    message = f"rule `{rule.name}` gets nothing of {parts}{more}: `{taker.name}` on line {taker.line} takes it"
    return Problem(rule.file, rule.line, message, "take it out of one of the two", "note")


def _told(point: Point) -> str:
    return ", ".join(f"`{column}` {' and '.join(map(_text, tests))}" for column, tests in point.items())


def _text(test: Test) -> str:
    if isinstance(test, Not):
        refused = inner(test)
        return "absent" if isinstance(refused, Present) else f"not {_text(refused)}"
    if isinstance(test, Present):
        return "present"
    if isinstance(test, Range):
        return f"from {test.low or 'anywhere'} to {test.high or 'anywhere'}"
    if isinstance(test, OneOf):
        return repr((*test.exact, *test.globs)[0])
    return f"{test.prefixes[0]!r}…" if isinstance(test, Prefix) else f"like {test.patterns[0]!r}"
