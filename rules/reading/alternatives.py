"""Alternatives of a repeated group by which one text is read in two ways: (a|a)+, (a|aa)+, (a|b|ab)*, (.|x)+."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\\.|\[\^?\]?[^\]]*\]|\(\?P?<\w+>|\(\?[a-zA-Z-]*:?|.", re.DOTALL)
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")
_QUANTIFIERS = frozenset("*+?{")
_WORD = re.compile(r"[A-Za-z0-9_]|\\d", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)


@dataclass
class _Group:
    """A group that is being read; `plain` says that its alternatives are texts, without groups and repetitions."""

    branches: list[list[str]] = field(default_factory=lambda: [[]])
    plain: bool = True


def ambiguous(pattern: str) -> bool:
    """Return whether a group that is repeated without end has an alternative that others make up together."""
    groups = [_Group()]
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text.startswith("("):
            groups[-1].plain = False
            groups.append(_Group())
        elif text == ")" and len(groups) > 1:
            group = groups.pop()
            if group.plain and _UNBOUNDED.match(pattern, token.end()) and _made_up(group.branches):
                return True
        elif text == "|":
            groups[-1].branches.append([])
        elif text in _QUANTIFIERS:
            groups[-1].plain = False
        else:
            groups[-1].branches[-1].append(text)
    return False


def _made_up(branches: Sequence[Sequence[str]]) -> bool:
    given = [branch for branch in branches if branch]
    return any(_is_made_of(branch, [*given[:at], *given[at + 1 :]]) for at, branch in enumerate(given))


def _is_made_of(branch: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    reached = {0}
    for start in range(len(branch)):
        if start in reached:
            reached |= {start + len(other) for other in others if _fits(branch[start : start + len(other)], other)}
    return len(branch) in reached


def _fits(part: Sequence[str], other: Sequence[str]) -> bool:
    return len(part) == len(other) and all(map(_overlap, part, other))


def _overlap(one: str, other: str) -> bool:
    """Whether one character may meet both tokens; classes overlap here only with themselves and with any."""
    if one == other or "." in {one, other}:
        return True
    return any(
        (wide == r"\w" and _WORD.fullmatch(narrow) is not None)
        or (wide == r"\d" and _DIGIT.fullmatch(narrow) is not None)
        for wide, narrow in ((one, other), (other, one))
    )
