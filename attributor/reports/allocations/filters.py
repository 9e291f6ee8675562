"""Filters as OpenCost writes them, `team:"search"+service!:"Amazon EC2","Amazon S3"`, read into conditions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, or_, select

from attributor.ledger.tables import rollup
from attributor.reports.costs import DIMENSIONS, LABELS, dimensions_of
from rules.schema import UNATTRIBUTED

UNALLOCATED_NAME = "__unallocated__"
"""What OpenCost calls a group without a value."""

Test = Literal["is", "contains", "begins", "ends"]
_LONGEST = 4000
_DEEPEST = 20
_TESTS: Mapping[str, Test] = {":": "is", "~:": "contains", "<~:": "begins", "~>:": "ends"}
_TOKEN = re.compile(
    r"""\s*(?:(?P<join>[+|()])
      | (?P<comma>,)
      | (?P<test>!?(?:<~:|~>:|~:|:))
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<word>[^\s+|(),:"!<~>=]+))""",
    re.VERBOSE,
)
_KEYED = re.compile(rf"(?:{'|'.join(LABELS)})\[(.+)\]")
_TEXT_DIMENSIONS = frozenset(DIMENSIONS) - {"day"}


class FilterError(ValueError):
    """A filter cannot be read; the message says where and which form it has."""


@dataclass(frozen=True)
class Comparison:
    """A dimension held against values, of which one must meet the test; `negated` asks that none does."""

    dimension: str
    test: Test
    values: tuple[str, ...]
    negated: bool


@dataclass(frozen=True)
class Joined:
    """Several filters of which all ("+") or any ("|") must hold."""

    how: Literal["+", "|"]
    parts: tuple["Filter", ...]


Filter = Comparison | Joined


def parse_filter(text: str, configured: Iterable[str]) -> Filter:
    """Read a filter; `configured` are the dimensions of the rules file beside the built-in ones. Raises FilterError.

    A comparison is `team:"search"`, with several values `team:"search","ads"`; `!:` is none of them, `~:` contains,
    `<~:` begins with, `~>:` ends with, each also with `!`. `+` joins comparisons that must all hold, `|` those of which
    one is enough, and round brackets say which belong together. `label[KEY]` is a configured dimension;
    `"__unallocated__"` is what has no value.
    """
    if len(text) > _LONGEST:
        raise FilterError(f"the filter is longer than {_LONGEST} characters")
    reader = _Reader(_tokens(text), (*_TEXT_DIMENSIONS, *configured))
    found = reader.group(0)
    reader.finish()
    return found


def named_in(asked: Filter) -> frozenset[str]:
    """Return the dimensions that a filter names."""
    if isinstance(asked, Comparison):
        return frozenset({asked.dimension})
    return frozenset().union(*(named_in(part) for part in asked.parts))


def filter_condition(
    connection: Connection, asked: Filter, conditions: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Return the filter as a condition on rollup rows that meet `conditions`; asks for their configured dimensions."""
    texts: Sequence[str] = ()
    if named_in(asked) - DIMENSIONS.keys():
        texts = connection.scalars(select(rollup.c.dimensions).where(*conditions).distinct()).all()
    return condition_of(asked, texts)


def condition_of(asked: Filter, dimensions: Iterable[str]) -> ColumnElement[bool]:
    """Return the filter as a condition on rollup rows.

    `dimensions` are the texts that the rollup's column of configured dimensions has; those that meet a comparison are
    named one by one, because the two databases read JSON differently.
    """
    if isinstance(asked, Joined):
        parts = [condition_of(part, dimensions) for part in asked.parts]
        return and_(*parts) if asked.how == "+" else or_(*parts)
    if asked.dimension in DIMENSIONS:
        found = _any_value(DIMENSIONS[asked.dimension], asked)
        return not_(found) if asked.negated else found
    met = [text for text in dimensions if meets(asked, dimensions_of(text).get(asked.dimension, ""))]
    return rollup.c.dimensions.in_(met)


def meets(asked: Comparison, value: str) -> bool:
    """Say whether a value meets a comparison, as the database says it."""
    tests = {"is": str.__eq__, "contains": str.__contains__, "begins": str.startswith, "ends": str.endswith}
    return any(tests[asked.test](value, wanted) for wanted in asked.values) is not asked.negated


def _any_value(column: ColumnElement[str], asked: Comparison) -> ColumnElement[bool]:
    if asked.test == "is":
        return column.in_(asked.values)
    return or_(false(), *(_value(column, asked.test, value) for value in asked.values))


def _value(column: ColumnElement[str], test: Test, value: str) -> ColumnElement[bool]:
    """LIKE minds the case in PostgreSQL and not in SQLite; these mind it in both."""
    if test == "contains":
        return func.replace(column, value, "") != column
    if test == "begins":
        return func.substr(column, 1, len(value)) == value
    start = func.length(column) - len(value) + 1
    return and_(start >= 1, func.substr(column, start) == value)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise FilterError(f"the filter cannot be read from character {at + 1} on: {text[at : at + 20]!r}")
        kind = match.lastgroup or ""
        value = re.sub(r"\\(.)", r"\1", match["quoted"]) if kind == "quoted" else match[kind]
        found.append(_Token(kind, value, match.start(kind) + 1))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[_Token], known: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._known = known
        self._at = 0

    def group(self, depth: int) -> Filter:
        """Read filters joined by one sign."""
        parts = [self._one(depth)]
        how = self._next_is("join", "+|")
        while how and self._next_is("join", "+|"):
            token = self._take()
            if token.text != how:
                raise FilterError(
                    f"+ and | stand beside each other at character {token.at}; say with ( ) what goes first"
                )
            parts.append(self._one(depth))
        if not how:
            return parts[0]
        return Joined("+" if how == "+" else "|", tuple(parts))

    def finish(self) -> None:
        """Raise FilterError where anything is left."""
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise FilterError(
                f"{token.text!r} at character {token.at} of the filter has nothing to join it; write + or |"
            )

    def _one(self, depth: int) -> Filter:
        if self._next_is("join", "("):
            if depth >= _DEEPEST:
                raise FilterError(f"the filter has more than {_DEEPEST} brackets within each other")
            opened = self._take()
            found = self.group(depth + 1)
            if not self._next_is("join", ")"):
                raise FilterError(f"the bracket at character {opened.at} of the filter is not closed")
            self._take()
            return found
        return self._comparison()

    def _comparison(self) -> Comparison:
        name = self._need("word", 'a dimension, as in team:"search"')
        test = self._need("test", f'a comparison after {name.text}, as in {name.text}:"…"')
        values = [self._value(name.text)]
        while self._next_is("comma", ","):
            self._take()
            values.append(self._value(name.text))
        negated = test.text.startswith("!")
        kind = _TESTS[test.text.removeprefix("!")]
        if kind != "is" and "" in values:
            raise FilterError(
                f'{name.text}{test.text} needs text to look for; an empty value is asked for by {name.text}:""'
            )
        dimension = self._dimension(name)
        nobody = UNATTRIBUTED if dimension == "team" else ""
        found = (nobody if value == UNALLOCATED_NAME else value for value in values)
        return Comparison(dimension, kind, tuple(found), negated)

    def _dimension(self, token: _Token) -> str:
        keyed = _KEYED.fullmatch(token.text)
        name = keyed[1] if keyed else token.text
        if name not in self._known or (keyed and name in DIMENSIONS):
            raise FilterError(f"cannot filter by {token.text!r}; write one of {', '.join(sorted(self._known))}")
        return name

    def _value(self, name: str) -> str:
        if self._next_is("quoted") or self._next_is("word"):
            return self._take().text
        raise FilterError(f'{name} is compared with nothing; write a value, as in {name}:"…"')

    def _need(self, kind: str, what: str) -> _Token:
        if not self._next_is(kind):
            where = f"at character {self._tokens[self._at].at}" if self._at < len(self._tokens) else "at the end"
            raise FilterError(f"the filter needs {what}, {where}")
        return self._take()

    def _next_is(self, kind: str, texts: str | None = None) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at].kind != kind:
            return ""
        text = self._tokens[self._at].text
        return (text or "quoted") if texts is None or text in texts else ""

    def _take(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]
