"""Reading the CSV table of `owner: {mapping: {file, column}}`."""

import csv
import io
from collections.abc import Mapping

from rules import keywords
from rules.located import Located
from rules.outcomes import MappedOwner, MappingOwner
from rules.owners import team_called
from rules.problem import Problem
from rules.reading.context import RESERVED, Context
from rules.reading.fields import column, entries_of, listed, nearest, word

_COLUMNS = ("value", "team", "project", "environment", "cost_center")
"""The columns that a table may have, beside one for each dimension of the user's naming."""


def read_mapping(node: Located, context: Context) -> MappingOwner | None:
    """Return the owner outcome of a mapping table; every wrong line of the table is a problem."""
    entries = entries_of(node, keywords.MAPPING, "`mapping`", context.problems)
    missing = [key for key in keywords.MAPPING if key not in entries]
    if missing:
        context.problems.append(
            node.problem(f"`mapping` has no {listed(missing)}", "write `{file: owners.csv, column: SubAccountId}`")
        )
        return None
    file = word(entries["file"], "`file`", context.problems)
    looked_up = column(entries["column"], "`column`", context.problems)
    if file is None or looked_up is None:
        return None
    try:
        text = context.read_table(file)
    except (OSError, UnicodeDecodeError) as error:
        context.problems.append(
            entries["file"].problem(f"cannot read {file}: {error}", "the path is relative to this file; save as UTF-8")
        )
        return None
    return MappingOwner(file, looked_up, _owners(file, text, context))


def _owners(file: str, text: str, context: Context) -> tuple[tuple[str, MappedOwner], ...]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    header = reader.fieldnames or ()
    for name in {"value", "team"} - set(header):
        context.problems.append(
            Problem(file, 1, f"the table has no column `{name}`", "the first line names the columns")
        )
    known = (*_COLUMNS, *context.dimensions)
    for name in header:
        if name not in known:
            fix = nearest(name, known, f"known here: {listed(known)}")
            context.problems.append(Problem(file, 1, f"the table has an unknown column `{name}`", fix))
    if not {"value", "team"} <= set(header):
        return ()
    owners: dict[str, MappedOwner] = {}
    lines: dict[str, int] = {}
    for row in reader:
        owner = _owner(file, reader.line_num, row, context)
        value = row["value"] or ""
        if value in lines:
            message = f"`{value}` stands twice (first on line {lines[value]})"
            context.problems.append(Problem(file, reader.line_num, message, "keep one"))
        elif owner is not None:
            owners[value] = owner
            lines[value] = reader.line_num
    return tuple(owners.items())


def _owner(file: str, line: int, row: Mapping[str | None, str | None], context: Context) -> MappedOwner | None:
    if None in row or None in row.values() or not row["value"]:
        context.problems.append(Problem(file, line, "the line does not fit the header", "one value for each column"))
        return None
    name = row["team"] or ""
    team = name if name in RESERVED else team_called(name, context.names)
    if team is None:
        fix = nearest(name, context.teams, f"add `{name}` under `teams:`")
        context.problems.append(Problem(file, line, f"there is no team `{name}`", fix))
        return None
    project, environment, cost_center = (row.get(name) or "" for name in ("project", "environment", "cost_center"))
    dimensions = tuple((name, value) for name in context.dimensions if (value := row.get(name)))
    return MappedOwner(team, project, environment, cost_center, dimensions)
