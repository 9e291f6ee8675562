"""Reading `dimensions:`."""

from rules.located import Located
from rules.problem import Problem
from rules.reading.context import Context
from rules.reading.fields import column, listed, nearest
from rules.schema import DIMENSION_COLUMNS

_DEFAULTS = {name: name for name in DIMENSION_COLUMNS} | {"Model": "tags.model"}


def read_dimensions(node: Located | None, context: Context) -> tuple[tuple[str, str], ...]:
    """Return the column of every dimension of the allocations, in their order."""
    columns = dict(_DEFAULTS)
    if node is None or node.is_empty:
        return tuple(columns.items())
    if node.entries is None:
        context.problems.append(
            node.problem("`dimensions` is a map from name to column", "write `{Model: tags.model}`")
        )
        return tuple(columns.items())
    for name, value in node.entries.items():
        if name not in columns:
            line = node.key_lines.get(name, node.line)
            fix = nearest(name, DIMENSION_COLUMNS, f"set one of {listed(DIMENSION_COLUMNS)}")
            message = f"a dimension called `{name}` is not supported yet"
            context.problems.append(Problem(node.file, line, message, fix))
        else:
            columns[name] = column(value, f"dimension `{name}`", context.problems) or columns[name]
    return tuple(columns.items())
