"""Matchers as DuckDB SQL over text columns in which absent is NULL and never empty."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation

from rules.columns import KINDS
from rules.matchers import AllOf, AnyOf, Matcher, Not, OneOf, Prefix, Present, Range, Regex, Test
from rules.sql import literal

_NUMBER = "DECIMAL(38,12)"
_FINEST = Decimal("1e-12")
_LARGEST = Decimal(f"{10**26 - 1}.{10**12 - 1}")
_EXACT = Context(prec=60)


def condition(matcher: Matcher, columns: Mapping[str, str], answers: Mapping[Test, str] | None = None) -> str:
    """Return a two-valued SQL condition; `columns` maps a column's name to its SQL text expression.

    `answers` are conditions by test: of those, no column is asked.
    """
    if isinstance(matcher, AllOf):
        return _joined(" AND ", (condition(part, columns, answers) for part in matcher.parts), "TRUE")
    if isinstance(matcher, AnyOf):
        return _joined(" OR ", (condition(part, columns, answers) for part in matcher.parts), "FALSE")
    if isinstance(matcher, Not):
        return f"(NOT {condition(matcher.part, columns, answers)})"
    if answers and matcher in answers:
        return answers[matcher]
    expression = columns[matcher.column]
    if isinstance(matcher, Present):
        return f"({expression} IS NOT NULL)"
    return f"coalesce({_test(matcher, expression)}, FALSE)"


def _joined(word: str, conditions: Iterable[str], empty: str) -> str:
    return f"({word.join(conditions) or empty})"


def _test(matcher: OneOf | Prefix | Regex | Range, expression: str) -> str:
    if isinstance(matcher, Range):
        return _between(matcher, expression)
    if isinstance(matcher, Regex):
        flag = "" if matcher.match_case else "(?i)"
        found = (f"regexp_matches({expression}, {literal(flag + pattern)})" for pattern in matcher.patterns)
        return _joined(" OR ", found, "FALSE")
    if isinstance(matcher, Prefix):
        begins = (_like(expression, _escaped(prefix) + "%", matcher) for prefix in matcher.prefixes)
        return _joined(" OR ", begins, "FALSE")
    globs = [_like(expression, _pattern(glob), matcher) for glob in matcher.globs]
    return _joined(" OR ", [*_equals(matcher, expression), *globs], "FALSE")


def _equals(matcher: OneOf, expression: str) -> list[str]:
    if not matcher.exact:
        return []
    kind = KINDS.get(matcher.column, "text")
    if kind == "number":
        numbers = [f"{number}::{_NUMBER}" for number in map(_number, matcher.exact) if number is not None]
        return [f"try_cast({expression} AS {_NUMBER}) IN ({', '.join(numbers)})"] if numbers else []
    if not matcher.match_case:
        return [_like(expression, _escaped(text), matcher) for text in matcher.exact]
    texts = (_instant(text) if kind == "time" else text for text in matcher.exact)
    return [f"{expression} IN ({', '.join(literal(text) for text in texts)})"]


def _between(matcher: Range, expression: str) -> str:
    ends = {">=": matcher.low, "<=": matcher.high}
    given = {operator: end for operator, end in ends.items() if end}
    kind = KINDS.get(matcher.column, "text")
    if kind != "time" and all(_number(end) is not None for end in given.values()):
        tests = [f"try_cast({expression} AS {_NUMBER}) {sign} {_number(end)}::{_NUMBER}" for sign, end in given.items()]
    else:
        shown = _instant if kind == "time" else str
        tests = [f"{expression} {sign} {literal(shown(end))}" for sign, end in given.items()]
    return _joined(" AND ", tests, "FALSE")


def _like(expression: str, pattern: str, matcher: OneOf | Prefix) -> str:
    operator = "LIKE" if matcher.match_case else "ILIKE"
    return f"{expression} {operator} {literal(pattern)} ESCAPE '\\'"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _pattern(glob: str) -> str:
    return _escaped(glob).replace("*", "%").replace("?", "_")


def _number(text: str) -> str | None:
    """Return a number as plain digits of the columns' type, the type's end for one beyond it, or None."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return f"{max(_LARGEST.copy_negate(), min(_LARGEST, number)).quantize(_FINEST, context=_EXACT):f}"


def _instant(text: str) -> str:
    """Return a day or an instant as the columns hold it; what is neither stays as it is."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
