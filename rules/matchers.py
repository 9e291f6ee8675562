"""The nouns of matching: what a rule asks of a charge or of a usage row. All are two-valued: absent is not a match."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class OneOf:
    """The column is one of the texts exactly, or fits one of the globs (`*` any text, `?` one character)."""

    column: str
    exact: tuple[str, ...]
    globs: tuple[str, ...] = ()
    match_case: bool = True


@dataclass(frozen=True)
class Prefix:
    """The column begins with one of the texts."""

    column: str
    prefixes: tuple[str, ...]
    match_case: bool = True


@dataclass(frozen=True)
class Regex:
    """One of the RE2 patterns is found somewhere in the column; `^` and `$` anchor."""

    column: str
    patterns: tuple[str, ...]
    match_case: bool = True


@dataclass(frozen=True)
class Range:
    """low <= column <= high; compared as numbers where both ends are numbers, else as text. An empty end is open."""

    column: str
    low: str
    high: str


@dataclass(frozen=True)
class Present:
    """The column has a value; empty text is none."""

    column: str


@dataclass(frozen=True)
class AllOf:
    """Every part matches; with no part it matches everything."""

    parts: tuple["Matcher", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part matches."""

    parts: tuple["Matcher", ...]


@dataclass(frozen=True)
class Not:
    """The part does not match."""

    part: "Matcher"


Test = OneOf | Prefix | Regex | Range | Present
"""What is asked of one column."""

Matcher = Test | AllOf | AnyOf | Not

EVERYTHING = AllOf(())


def columns_of(matcher: Matcher) -> frozenset[str]:
    """Return the columns that a matcher looks at."""
    return frozenset(test.column for test in tests_of(matcher))


def tests_of(matcher: Matcher) -> Iterator[Test]:
    """Yield every test of a matcher, in order."""
    if isinstance(matcher, AllOf | AnyOf):
        for part in matcher.parts:
            yield from tests_of(part)
    elif isinstance(matcher, Not):
        yield from tests_of(matcher.part)
    else:
        yield matcher


def answer_without(matcher: Matcher, absent: Collection[str]) -> bool | None:
    """Return what a matcher says where these columns have no value; None where others decide."""
    if isinstance(matcher, Not):
        refused = answer_without(matcher.part, absent)
        return None if refused is None else not refused
    if isinstance(matcher, AllOf | AnyOf):
        answers = [answer_without(part, absent) for part in matcher.parts]
        decisive = isinstance(matcher, AnyOf)
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive
    return False if matcher.column in absent else None


def patterns_of(matcher: Matcher) -> tuple[str, ...]:
    """Return the RE2 patterns of a matcher."""
    return tuple(pattern for test in tests_of(matcher) if isinstance(test, Regex) for pattern in test.patterns)
