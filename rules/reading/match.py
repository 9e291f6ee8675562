"""Reading `match:`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from rules import keywords
from rules.columns import could_be_column
from rules.located import Located
from rules.matchers import EVERYTHING, AllOf, AnyOf, Matcher, Not, OneOf, Prefix, Present, Range, Regex
from rules.problem import Problem
from rules.reading.context import Context
from rules.reading.fields import flag, listed, nearest, unknown_column, words
from rules.reading.regex import runs_away

_ANY_CASE = "(?i)"
_FORMS = "write a text, a list, `present`, `absent`, or one of " + listed(tuple(keywords.TESTS)[:-1])


def read_match(node: Located, context: Context) -> Matcher:
    """Return the matcher of a map from column to test; every entry must hold."""
    entries = node.entries
    if not entries:
        context.problems.append(node.problem("`match` is a map from column to test", "leave it out to match all"))
        return EVERYTHING
    parts = [_entry(key, entries[key], node, context) for key in entries]
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _entry(key: str, value: Located, parent: Located, context: Context) -> Matcher:
    if key == "not":
        return Not(read_match(value, context))
    if key in keywords.COMBINATIONS:
        return _combination(key, value, context)
    if not could_be_column(key):
        line = parent.key_lines.get(key, parent.line)
        context.problems.append(unknown_column(key, parent.file, line))
    return _test(key, value, context)


def _combination(key: str, value: Located, context: Context) -> Matcher:
    if not value.items:
        context.problems.append(value.problem(f"`{key}` is a list of matchers", f"write `{key}: [{{Column: value}}]`"))
        return EVERYTHING
    parts = tuple(read_match(item, context) for item in value.items)
    return AllOf(parts) if key == "all" else AnyOf(parts)


def _test(column: str, node: Located, context: Context) -> Matcher:
    if node.text == "present":
        return Present(column)
    if node.text == "absent":
        return Not(Present(column))
    if node.entries is not None:
        return _named_test(column, node, context)
    return _texts(column, words(node, f"`{column}`", context.problems), context)


def _texts(column: str, texts: tuple[str, ...], context: Context) -> Matcher:
    """Texts as written bare: those with `*` or `?` are globs, the others are meant exactly."""
    parts = tuple(
        OneOf(column, _without_wildcards(some), _with_wildcards(some), match_case=case)
        for some, case in _by_case(texts, context)
    )
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _by_case(texts: tuple[str, ...], context: Context) -> list[tuple[tuple[str, ...], bool]]:
    """Tell the texts that begin with `(?i)`, which is taken off, from the others; empty groups are left out."""
    cased = tuple(text for text in texts if not text.startswith(_ANY_CASE))
    caseless = tuple(text.removeprefix(_ANY_CASE) for text in texts if text.startswith(_ANY_CASE))
    return [(some, case) for some, case in ((cased, context.match_case), (caseless, False)) if some]


def _without_wildcards(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if not set(text) & set("*?"))


def _with_wildcards(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if set(text) & set("*?"))


def _named_test(column: str, node: Located, context: Context) -> Matcher:
    entries = node.entries or {}
    for key in entries:
        if key not in keywords.TESTS:
            line = node.key_lines.get(key, node.line)
            message = f"`{column}` has no test `{key}`"
            context.problems.append(Problem(node.file, line, message, nearest(key, keywords.TESTS, _FORMS)))
    tests = [key for key in entries if key in keywords.TESTS and key != "match_case"]
    if "match_case" in entries and flag(entries["match_case"], "`match_case`", context.problems) is False:
        context = replace(context, match_case=False)
    if len(tests) != 1:
        if not set(entries) - set(keywords.TESTS):
            context.problems.append(node.problem(f"`{column}` needs one test", _FORMS))
        return EVERYTHING
    return _one_test(tests[0], column, entries[tests[0]], context)


def _one_test(test: str, column: str, node: Located, context: Context) -> Matcher:
    if test == "range":
        return _range(column, node, context)
    texts = words(node, f"`{test}`", context.problems)
    if test == "regex":
        return _regex(column, texts, node, context)
    parts = tuple(_SIMPLE_TESTS[test](column, some, case) for some, case in _by_case(texts, context))
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _regex(column: str, texts: tuple[str, ...], node: Located, context: Context) -> Matcher:
    for text in texts:
        if runs_away(text):
            message = f"the pattern {text!r} repeats what already repeats and could run away"
            context.problems.append(
                node.problem(message, "take one of the two repetitions out, as in `a+` for `(a+)+`")
            )
    return Regex(column, texts, match_case=context.match_case)


def _equals(column: str, texts: tuple[str, ...], match_case: bool) -> Matcher:  # noqa: FBT001 (one of a table)
    return OneOf(column, texts, match_case=match_case)


def _glob(column: str, texts: tuple[str, ...], match_case: bool) -> Matcher:  # noqa: FBT001 (one of a table)
    return OneOf(column, (), texts, match_case=match_case)


_SIMPLE_TESTS: Final[Mapping[str, Callable[[str, tuple[str, ...], bool], Matcher]]] = MappingProxyType(
    {"equals": _equals, "glob": _glob, "prefix": Prefix}
)


def _range(column: str, node: Located, context: Context) -> Matcher:
    ends = node.items or ()
    if len(ends) != 2 or any(end.text is None for end in ends) or not any(end.text for end in ends):
        context.problems.append(node.problem("`range` is [low, high]", 'write both ends; "" leaves one open'))
        return EVERYTHING
    low, high = (end.text or "" for end in ends)
    return Range(column, low, high)
