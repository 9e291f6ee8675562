"""From a configuration document to a checked rule set, and from its stored form back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rules.located import Located
from rules.owners import directory
from rules.problem import Problem
from rules.reading.context import Context
from rules.reading.dimensions import read_dimensions
from rules.reading.required_tags import read_required_tags
from rules.reading.rules import read_rules
from rules.reading.shared import read_shared
from rules.reading.stored import digest_of, from_text, relevant, to_text
from rules.reading.teams import read_teams
from rules.ruleset import RuleSet


@dataclass(frozen=True)
class Loaded:
    """A rule set and everything wrong with it; use the rule set only where no problem is an error."""

    ruleset: RuleSet
    problems: tuple[Problem, ...]


def load(root: Located, folder: Path) -> Loaded:
    """Read the keys of `keywords.TOP` in a document; other top-level keys are not looked at.

    Mapping files are relative to `folder`. Raises nothing for a mistake of the user: all problems come at once,
    sorted by file and line.
    """
    tables: dict[str, str] = {}

    def read_table(file: str) -> str:
        if file not in tables:
            tables[file] = (folder / file).read_text(encoding="utf-8")
        return tables[file]

    return _read(root, read_table, tables)


def restore(text: str) -> RuleSet:
    """Return the rule set whose `text` this is, with the same names, files, lines and digest.

    Raises ValueError for a text that no rule set stored.
    """
    root, tables = from_text(text)
    loaded = _read(root, tables.__getitem__, tables)
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    if errors:
        raise ValueError(f"the stored rules cannot be read: {errors[0]}")
    return loaded.ruleset


def _read(root: Located, read_table: Callable[[str], str], tables: Mapping[str, str]) -> Loaded:
    problems: list[Problem] = []
    parts = relevant(root)
    teams = read_teams(parts["teams"], problems) if "teams" in parts else ()
    dimensions, more_dimensions = read_dimensions(parts.get("dimensions"), problems)
    named = tuple(name for name, _ in more_dimensions)
    context = Context(problems, tuple(team.id for team in teams), directory(teams), read_table, dimensions=named)
    rules = read_rules(parts["rules"], context) if "rules" in parts else ()
    shared = read_shared(parts["shared"], context) if "shared" in parts else ()
    ruleset = RuleSet(
        teams=teams,
        rules=rules,
        shared=shared,
        dimensions=dimensions,
        more_dimensions=more_dimensions,
        required_tags=read_required_tags(parts.get("required_tags"), problems),
        digest=digest_of(root, tables),
        text=to_text(root, tables),
    )
    return Loaded(ruleset, tuple(sorted(problems)))
