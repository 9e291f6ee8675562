"""Reading `dimensions:`: the known ones, and those of the user's own naming."""

import re
from typing import Final

from rules.located import Located
from rules.problem import Problem
from rules.reading.fields import Problems, column, listed, nearest
from rules.schema import DIMENSION_COLUMNS

Columns = tuple[tuple[str, str], ...]
_DEFAULTS = {name: name for name in DIMENSION_COLUMNS} | {"Model": "tags.model"}
NAME: Final = "[a-z][a-z0-9_]{0,62}"
TAKEN: Final = (
    *("team", "project", "environment", "cost_center", "mapping", "value"),
    *("service", "provider", "account", "model", "source", "category", "rule", "day", "month", "period"),
    "corrects",
    *("cost", "currency", "total", "basis", "method", "idle_cause", "shared_step", "fallback"),
)
"""What reports and owner rules call their own."""


def read_dimensions(node: Located | None, problems: Problems) -> tuple[Columns, Columns]:
    """Return the column of every known dimension, in their order, and of the others, ordered by name."""
    known, more = dict(_DEFAULTS), dict[str, str]()
    if node is None or node.is_empty:
        return tuple(known.items()), ()
    if node.entries is None:
        fix = "write `{Model: tags.model, feature: tags.feature}`"
        problems.append(node.problem("`dimensions` is a map from name to column", fix))
        return tuple(known.items()), ()
    for name, value in node.entries.items():
        if name not in known and not _may_be_called(name):
            line = node.key_lines.get(name, node.line)
            message = f"a dimension cannot be called `{name}`" + (": the word is taken" if name in TAKEN else "")
            otherwise = f"write a small word, as `feature`, or one of {listed(DIMENSION_COLUMNS)}"
            fix = "choose another word" if name in TAKEN else nearest(name, DIMENSION_COLUMNS, otherwise)
            problems.append(Problem(node.file, line, message, fix))
            continue
        found = column(value, f"dimension `{name}`", problems)
        if found is not None:
            (known if name in known else more)[name] = found
    return tuple(known.items()), tuple(sorted(more.items()))


def _may_be_called(name: str) -> bool:
    return re.fullmatch(NAME, name) is not None and name not in TAKEN
