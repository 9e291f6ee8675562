"""YAML read as text with its place: every scalar stays a string, so that `no`, `0123` and 19-digit rates survive."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from rules.problem import Problem

_MOST_NODES = 2_000_000
_DEEPEST = 100
_BRACKETS = re.compile(r"[\[\]{}]")
_DEEP_LINE = re.compile(rf"^(?: {{{_DEEPEST}}}|(?:[-?:] +){{{_DEEPEST // 4}}})", re.MULTILINE)
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True)
class Located:
    """A node: `value` is text, a tuple of nodes, or a dict from key to node. `line` counts from 1."""

    value: "str | tuple[Located, ...] | dict[str, Located]"
    file: str
    line: int
    key_lines: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str | None:
        """The scalar, or None where the node is a list or a map."""
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> "tuple[Located, ...] | None":
        """The list, or None."""
        return self.value if isinstance(self.value, tuple) else None

    @property
    def entries(self) -> "dict[str, Located] | None":
        """The map, or None."""
        return self.value if isinstance(self.value, dict) else None

    @property
    def is_empty(self) -> bool:
        """Whether the key stands there with nothing behind it."""
        return self.value == ""

    def plain(self) -> Any:
        """Return the node as plain strings, lists and dicts."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def problem(self, message: str, fix: str = "") -> Problem:
        """Return an error at this node."""
        return Problem(self.file, self.line, message, fix)


def read_yaml(text: str, file: str, substitute: Callable[[str], str] = str) -> tuple[Located | None, list[Problem]]:
    """Parse one document; return its root and every syntax problem. Duplicate keys are problems.

    `substitute` is applied to every scalar value (not to keys); a KeyError from it names a missing variable.
    """
    problems: list[Problem] = []
    try:
        too_deep = _too_deep(text) if _may_be_deep(text) else None
        if too_deep is not None:
            return None, [Problem(file, too_deep, f"nested more than {_DEEPEST} deep", "write it flatter")]
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        return None, [Problem(file, line, f"not valid YAML: {error.problem}", "check indentation, quotes and colons")]
    except yaml.YAMLError as error:
        reason = str(error).partition("\n")[0]
        return None, [Problem(file, 1, f"not valid YAML: {reason}", "save the file as UTF-8 text")]
    if root is None:
        return Located({}, file, 1), problems
    if _too_large(root):
        return None, [Problem(file, 1, "anchors and aliases blow this file up", "write the values out")]
    return _convert(root, file, substitute, problems), problems


def _may_be_deep(text: str) -> bool:
    """Whether brackets, indentation or dashes may nest deeply: the exact look costs as much as parsing."""
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return _DEEP_LINE.search(text) is not None


def _too_deep(text: str) -> int | None:
    """Return the line on which a document nests deeper than any real file: composing it would exhaust the C stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                mark = event.start_mark
                return 1 if mark is None else mark.line + 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _too_large(root: Any) -> bool:
    """Whether the aliases of a document, followed, give more nodes or depth than any real file has, or never end."""
    count, stack = 0, [(root, 0)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > _MOST_NODES or depth > _DEEPEST:
            return True
        if isinstance(node, yaml.MappingNode):
            stack.extend((part, depth + 1) for pair in node.value for part in pair)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend((part, depth + 1) for part in node.value)
    return False


def _convert(node: Any, file: str, substitute: Callable[[str], str], problems: list[Problem]) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Located(_substituted(node.value, file, line, substitute, problems), file, line)
    if isinstance(node, yaml.SequenceNode):
        return Located(tuple(_convert(child, file, substitute, problems) for child in node.value), file, line)
    entries: dict[str, Located] = {}
    key_lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(file, key_line, "a key must be a word", "write `key: value`"))
            continue
        if key_node.value in entries:
            first = key_lines[key_node.value]
            problems.append(
                Problem(file, key_line, f"`{key_node.value}` stands twice (first on line {first})", "keep one")
            )
            continue
        entries[key_node.value] = _convert(value_node, file, substitute, problems)
        key_lines[key_node.value] = key_line
    return Located(entries, file, line, key_lines)


def substituted(node: Located, substitute: Callable[[str], str], problems: list[Problem]) -> Located:
    """Return the node with `substitute` applied to every scalar value below it, as `read_yaml` does to a document."""
    if node.entries is not None:
        entries = {key: substituted(entry, substitute, problems) for key, entry in node.entries.items()}
        return Located(entries, node.file, node.line, node.key_lines)
    if node.items is not None:
        return Located(tuple(substituted(item, substitute, problems) for item in node.items), node.file, node.line)
    return Located(_substituted(node.text or "", node.file, node.line, substitute, problems), node.file, node.line)


def _substituted(text: str, file: str, line: int, substitute: Callable[[str], str], problems: list[Problem]) -> str:
    try:
        return substitute(text)
    except KeyError as error:
        name = error.args[0]
        problems.append(
            Problem(file, line, f"the environment has no variable {name}", f"set {name}, or write the value here")
        )
        return text
