"""A matcher taken apart: the alternatives that it consists of, each asking one thing of some columns."""

from collections.abc import Iterator, Mapping
from itertools import product

from rules.implication import Positive, Test, excludes, is_empty
from rules.matchers import AllOf, AnyOf, Matcher, Not, OneOf, Prefix, Regex

Point = Mapping[str, tuple[Test, ...]]
"""What one alternative asks, by column: all of it must hold. `OneOf`, `Prefix` and `Regex` have one text each."""

MOST_POINTS = 2_000
"""Of a matcher that has more alternatives nothing is said."""


def points(matcher: Matcher) -> tuple[Point, ...] | None:
    """Return the alternatives of a matcher, or None where there are too many; () never matches by itself."""
    found = _alternatives(matcher, negated=False)
    return None if found is None else tuple(found)


def contradicting(point: Point) -> str | None:
    """Return the column of which a point asks what cannot hold together, or None."""
    for column, tests in point.items():
        if any(is_empty(test) for test in tests):
            return column
        positive = [test for test in tests if not isinstance(test, Not)]
        if any(excludes(one, other) for one in positive for other in tests if other is not one):
            return column
    return None


def _alternatives(matcher: Matcher, *, negated: bool) -> list[Point] | None:
    if isinstance(matcher, Not):
        return _alternatives(matcher.part, negated=not negated)
    if isinstance(matcher, AllOf | AnyOf):
        parts = [_alternatives(part, negated=negated) for part in matcher.parts]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return _crossed(known) if isinstance(matcher, AllOf) != negated else _joined(known)
    singles = list(_singles(matcher))
    if negated:
        return [{matcher.column: tuple(Not(single) for single in singles)}]
    return [{matcher.column: (single,)} for single in singles] if len(singles) <= MOST_POINTS else None


def _joined(parts: list[list[Point]]) -> list[Point] | None:
    found = [point for part in parts for point in part]
    return found if len(found) <= MOST_POINTS else None


def _crossed(parts: list[list[Point]]) -> list[Point] | None:
    count = 1
    for part in parts:
        count *= len(part)
    if count > MOST_POINTS:
        return None
    return [_both(chosen) for chosen in product(*parts)]


def _both(chosen: tuple[Point, ...]) -> Point:
    found: dict[str, tuple[Test, ...]] = {}
    for point in chosen:
        for column, tests in point.items():
            found[column] = tuple(dict.fromkeys((*found.get(column, ()), *tests)))
    return found


def _singles(test: Positive) -> Iterator[Positive]:
    """Yield the test once for each of its texts; together they are the test."""
    if isinstance(test, OneOf):
        yield from (OneOf(test.column, (text,), match_case=test.match_case) for text in test.exact)
        yield from (OneOf(test.column, (), (glob,), match_case=test.match_case) for glob in test.globs)
    elif isinstance(test, Prefix):
        yield from (Prefix(test.column, (text,), test.match_case) for text in test.prefixes)
    elif isinstance(test, Regex):
        yield from (Regex(test.column, (text,), test.match_case) for text in test.patterns)
    else:
        yield test
