"""Reading the outcome of a rule: `owner`, `split`, `activity` or `follow`."""

from collections.abc import Mapping
from dataclasses import replace

from rules import keywords
from rules.columns import could_be_column
from rules.located import Located
from rules.outcomes import Activity, Follow, Outcome, Owner
from rules.owners import team_called
from rules.reading.context import RESERVED, Context, team
from rules.reading.drivers import read_pool
from rules.reading.fields import column, entries_of, listed, unknown_column, word, words
from rules.reading.mappings import read_mapping
from rules.reading.rates import read_rates
from rules.reading.splits import read_per, read_split


def read_outcome(entries: Mapping[str, Located], node: Located, context: Context) -> Outcome | None:
    """Return the one outcome of a rule; none, or more than one, is a problem at the rule."""
    named = [key for key in keywords.OUTCOMES if key in entries]
    if len(named) != 1:
        message = "the rule has no outcome" if not named else f"the rule has {len(named)} outcomes: {listed(named)}"
        context.problems.append(node.problem(message, f"give it one of {listed(keywords.OUTCOMES)}"))
        return None
    value = entries[named[0]]
    if named[0] == "owner":
        return _owner(value, context)
    if named[0] == "split":
        return read_split(value, context)
    if named[0] == "activity":
        return _activity(value, context)
    return _follow(value, context)


def _owner(node: Located, context: Context) -> Outcome | None:
    if node.text is not None:
        return _fixed_owner(node, context)
    entries = entries_of(node, (*keywords.OWNER, *context.dimensions), "`owner`", context.problems)
    if "mapping" in entries:
        for key in entries:
            if key != "mapping":
                fix = f"give the mapping's table a column `{key}`"
                context.problems.append(node.problem(f"`{key}` stands beside `mapping`", fix))
        return read_mapping(entries["mapping"], context)
    if "team" not in entries:
        if not node.entries or "mapping" not in node.entries:
            context.problems.append(node.problem("`owner` has no `team`", "write `owner: {team: tags.team}`"))
        return None
    columns = {
        key: column(entries[key], f"`{key}`", context.problems) or ""
        for key in ("project", "environment", "cost_center", *context.dimensions)
        if key in entries
    }
    return _named_owner(entries["team"], columns, context)


def _fixed_owner(node: Located, context: Context) -> Owner | None:
    text = node.text or ""
    if text.startswith("tags."):
        context.problems.append(node.problem(f"`{text}` is a column", f"write `owner: {{team: {text}}}`"))
        return None
    found = team(node, "`owner`", context)
    return None if found is None else Owner(team=found)


def _named_owner(node: Located, columns: Mapping[str, str], context: Context) -> Owner | None:
    """`team:` is a column; a word that names a team is that team, so that a project can stand beside it."""
    name = word(node, "`team`", context.problems)
    if name is None:
        return None
    owner = Owner(
        project_column=columns.get("project", ""),
        environment_column=columns.get("environment", ""),
        cost_center_column=columns.get("cost_center", ""),
        dimension_columns=tuple((name, columns[name]) for name in context.dimensions if columns.get(name)),
    )
    fixed = name if name in RESERVED else team_called(name, context.names)
    if fixed is not None:
        return replace(owner, team=fixed)
    named = column(node, "`team`", context.problems)
    return None if named is None else replace(owner, team_column=named)


def _activity(node: Located, context: Context) -> Activity | None:
    entries = entries_of(node, keywords.ACTIVITY, "`activity`", context.problems)
    rates = read_rates(entries.get("rates"), node, context)
    rest = None
    if "rest" in entries:
        rest = team(entries["rest"], "`rest`", context)
    else:
        context.problems.append(node.problem("`activity` has no `rest`", "name the team that bears what is left"))
    pool = read_pool(entries, context)
    per = read_per(entries, context)
    return None if rest is None or not rates else Activity(rates, rest, pool, per)


def _follow(node: Located, context: Context) -> Follow | None:
    names = words(node, "`follow`", context.problems)
    unknown = [name for name in names if not could_be_column(name)]
    for name in unknown:
        context.problems.append(unknown_column(name, node.file, node.line))
    return Follow(names) if names and not unknown else None
