"""What earlier rules take for certain, found by what a later one asks for and not by trying them all."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from rules.implication import Test, exact_text, head, implies, inner
from rules.matchers import Not, OneOf, Prefix, Present, Range
from rules.reading.points import Point
from rules.ruleset import Rule

Place = tuple[str, str, str]
"""A column, the kind of test, and the text that it is found by."""

_MOST_OF_A_PLACE = 50
_MOST_TRIED = 200_000
"""Past these something may be missed, so that ten thousand rules that are all alike are still read in a second."""


@dataclass(frozen=True)
class _Taken:
    rule: Rule
    point: Point


class Earlier:
    """The points of earlier rules, each filed under one of its tests."""

    def __init__(self) -> None:
        self._left = _MOST_TRIED
        self._everything: list[Rule] = []
        self._filed: defaultdict[Place, list[_Taken]] = defaultdict(list)
        self._lengths: defaultdict[tuple[str, str], set[int]] = defaultdict(set)

    def add(self, rule: Rule, points: list[Point]) -> None:
        """File the points of a rule that takes all that it matches."""
        for point in points:
            places = [_place(test) for tests in point.values() for test in tests]
            if not places:
                self._everything.append(rule)
                continue
            place = min(places, key=lambda one: len(self._filed.get(one, ())))
            self._filed[place].append(_Taken(rule, point))
            self._lengths[place[0], place[1]].add(len(place[2]))

    def taker(self, rule: Rule, point: Point) -> Rule | None:
        """Return an earlier rule that takes all of a point on every day on which `rule` holds, or None."""
        for other in self._everything[:_MOST_OF_A_PLACE]:
            if _holds_throughout(other, rule):
                return other
        for place in dict.fromkeys(self._places(point)):
            for taken in self._filed.get(place, ())[: min(_MOST_OF_A_PLACE, self._left)]:
                self._left -= 1
                if _holds_throughout(taken.rule, rule) and _covers(taken.point, point):
                    return taken.rule
        return None

    def _places(self, point: Point) -> Iterator[Place]:
        """Yield every place at which something may be filed that takes the point."""
        for column, tests in point.items():
            for test in tests:
                yield _place(test)
                yield column, "not", ""
                if not isinstance(test, Not):
                    yield column, "present", ""
                    yield column, "range", ""
                if isinstance(test, OneOf | Prefix):
                    yield from self._beginnings(test)

    def _beginnings(self, test: OneOf | Prefix) -> Iterator[Place]:
        text = _place(test)[2]
        for kind in ("prefix", "head"):
            for length in self._lengths.get((test.column, kind), ()):
                if length <= len(text):
                    yield test.column, kind, text[:length]


def _place(test: Test) -> Place:
    if isinstance(test, Not):
        return inner(test).column, "not", ""
    if isinstance(test, Present):
        return test.column, "present", ""
    if isinstance(test, Range):
        return test.column, "range", ""
    if isinstance(test, Prefix):
        return test.column, "prefix", test.prefixes[0].lower()
    if isinstance(test, OneOf):
        text = exact_text(test)
        return (
            (test.column, "head", head(test.globs[0]).lower()) if text is None else (test.column, "exact", text.lower())
        )
    return test.column, "regex", test.patterns[0]


def _covers(wide: Point, narrow: Point) -> bool:
    """Return whether everything that meets the narrow point meets the wide one."""
    return wide.keys() <= narrow.keys() and all(
        any(implies(asked, test) for asked in narrow[column]) for column, tests in wide.items() for test in tests
    )


def _holds_throughout(earlier: Rule, rule: Rule) -> bool:
    starts = earlier.start is None or (rule.start is not None and earlier.start <= rule.start)
    ends = earlier.end is None or (rule.end is not None and rule.end <= earlier.end)
    return starts and ends
