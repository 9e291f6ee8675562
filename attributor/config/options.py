"""A map of the configuration held against the options it may have: unknown, missing and malformed keys at once."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from attributor.config.values import parse_boolean, parse_decimal, parse_duration, parse_integer, parse_url
from rules.located import Located
from rules.problem import Problem


class OptionLike(Protocol):
    """What collectors and channels both say of an option."""

    @property
    def name(self) -> str:
        """The key."""

    @property
    def description(self) -> str:
        """What it is for."""

    @property
    def example(self) -> str:
        """A value that works."""

    @property
    def kind(self) -> str:
        """Its form: text, path, secret, url, duration, integer, decimal, boolean, list or map."""

    @property
    def required(self) -> bool:
        """Whether it must be there."""

    @property
    def default(self) -> str | None:
        """What stands in where it is absent."""


def _parse_text(text: str) -> str:
    return text


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "text": _parse_text,
    "path": _parse_text,
    "secret": _parse_text,
    "url": parse_url,
    "duration": parse_duration,
    "integer": parse_integer,
    "decimal": parse_decimal,
    "boolean": parse_boolean,
}


def unknown_keys(node: Located, known: Sequence[str]) -> list[Problem]:
    """Return a problem for every key of a map that is not known, naming the nearest one."""
    problems = []
    for key in node.entries or {}:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            fix = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
            problems.append(Problem(node.file, node.key_lines[key], f"unknown key `{key}`", fix))
    return problems


def check_options(node: Located, options: Sequence[OptionLike]) -> list[Problem]:
    """Hold the known options of a map against their form; unknown keys are not looked at."""
    problems: list[Problem] = []
    entries = node.entries or {}
    for option in options:
        given = entries.get(option.name)
        if given is None or given.is_empty:
            if option.required:
                problems.append(
                    Problem(
                        node.file,
                        node.line if given is None else given.line,
                        f"`{option.name}` is missing",
                        f"add `{option.name}: {option.example}`",
                    )
                )
            continue
        problems.extend(_check_value(given, option))
    return problems


def _check_value(given: Located, option: OptionLike) -> list[Problem]:
    shape = "list" if given.items is not None else "map" if given.entries is not None else "text"
    wanted = option.kind if option.kind in {"list", "map"} else "text"
    if shape != wanted and not (wanted == "list" and shape == "text"):
        return [given.problem(f"`{option.name}` is a {shape}", f"write `{option.name}: {option.example}`")]
    if given.text is None or option.kind in {"list", "map"}:
        return []
    try:
        PARSERS[option.kind](given.text)
    except ValueError as error:
        return [given.problem(f"`{option.name}`: {error}", f"for example `{option.name}: {option.example}`")]
    return []


def plain_options(node: Located, options: Sequence[OptionLike]) -> dict[str, Any]:
    """Return the given options as text, lists and maps of text, defaults filled in."""
    values: dict[str, Any] = {option.name: option.default for option in options if option.default is not None}
    for option in options:
        given = (node.entries or {}).get(option.name)
        if given is not None and not given.is_empty:
            plain = given.plain()
            values[option.name] = [plain] if option.kind == "list" and isinstance(plain, str) else plain
    return values


def typed_options(node: Located | None, options: Sequence[OptionLike]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the options of a section as values of their types, and its problems; malformed ones are left out."""
    if node is None or node.is_empty:
        node = Located({}, "", 0)
    if node.entries is None:
        return {}, [node.problem("this must be a map of keys", "write one `key: value` a line")]
    problems = unknown_keys(node, [option.name for option in options]) + check_options(node, options)
    wrong = {problem.line for problem in problems}
    values: dict[str, Any] = {}
    for option in options:
        given = node.entries.get(option.name)
        if given is not None and given.line in wrong:
            continue
        value = plain_options(node, [option]).get(option.name)
        if value is not None:
            values[option.name] = value if option.kind in {"list", "map"} else PARSERS[option.kind](value)
    return values, problems
