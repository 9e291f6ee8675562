"""What the readers of a rules file share: the problems found so far, the teams, and the mapping tables."""

from collections.abc import Callable
from dataclasses import dataclass

from rules.located import Located
from rules.owners import Directory, normal, team_called
from rules.reading.fields import Problems, nearest, word
from rules.schema import IDLE, UNATTRIBUTED

RESERVED = (UNATTRIBUTED, IDLE)
"""Owners that are no teams; rules may still name them."""


@dataclass(frozen=True)
class Context:
    """`problems` grows while reading; `read_table` returns a mapping file's text or raises OSError.

    `match_case` is how the texts of the present rule match. `dimensions` are the configured ones of the user's naming.
    """

    problems: Problems
    teams: tuple[str, ...]
    names: Directory
    read_table: Callable[[str], str]
    match_case: bool = True
    dimensions: tuple[str, ...] = ()


def team(node: Located, what: str, context: Context) -> str | None:
    """Return the id of the team that a node names, or a reserved owner."""
    name = word(node, what, context.problems)
    if name is None:
        return None
    found = name if name in RESERVED else team_called(name, context.names)
    if found is None:
        fix = nearest(name, (*context.teams, *RESERVED), f"add `{name}` under `teams:`")
        context.problems.append(node.problem(f"there is no team `{name}`", fix))
    return found


def teams(node: Located, what: str, context: Context) -> tuple[str, ...]:
    """Return the ids of a list of teams, each once."""
    nodes = (node,) if node.text else node.items
    if not nodes:
        context.problems.append(node.problem(f"{what} is a list of teams", "write `[a, b]`"))
        return ()
    found: dict[str, Located] = {}
    for item in nodes:
        one = team(item, f"an entry of {what}", context)
        if one is not None and one in found:
            context.problems.append(item.problem(f"{what} names `{one}` twice", "keep one"))
        elif one is not None:
            found[one] = item
    return tuple(found)


def is_reserved(name: str) -> bool:
    """Return whether a spelling means a reserved owner."""
    return normal(name) in RESERVED
