"""The nouns of matching: what a rule asks of a charge or of a usage row. All are two-valued: absent is not a match."""

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


Matcher = OneOf | Prefix | Regex | Range | Present | AllOf | AnyOf | Not

EVERYTHING = AllOf(())


def columns_of(matcher: Matcher) -> frozenset[str]:
    """Return the columns that a matcher looks at."""
    if isinstance(matcher, AllOf | AnyOf):
        return frozenset().union(*(columns_of(part) for part in matcher.parts))
    if isinstance(matcher, Not):
        return columns_of(matcher.part)
    return frozenset({matcher.column})


def patterns_of(matcher: Matcher) -> tuple[str, ...]:
    """Return the RE2 patterns of a matcher."""
    if isinstance(matcher, Regex):
        return matcher.patterns
    if isinstance(matcher, AllOf | AnyOf):
        return tuple(pattern for part in matcher.parts for pattern in patterns_of(part))
    return patterns_of(matcher.part) if isinstance(matcher, Not) else ()
