"""For commands that only read the ledger: a mistake in sources, rules or channels stops no report."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from attributor.app.clock import utc_now
from attributor.app.errors import ConfigurationError
from attributor.app.failures import ledger_failures, opened_ledger
from attributor.config.environment import substitution
from attributor.config.stores import read_store
from rules.located import Located, read_yaml
from rules.problem import Problem
from rules.reading.teams import read_teams
from rules.ruleset import Team


@dataclass(frozen=True)
class LedgerReading:
    """The ledger of a configuration, its teams by id (those that can be read), and the clock."""

    engine: Engine
    teams: Mapping[str, Team]
    clock: Callable[[], datetime]


@contextmanager
def open_ledger(path: Path) -> Iterator[LedgerReading]:
    """Open the ledger that `store:` names.

    Raises ConfigurationError where the file or that section is wrong, and StoreError where the ledger cannot be used.
    """
    root = _root(path)
    url = _ledger_url(root, path)
    engine = opened_ledger(url)
    try:
        with ledger_failures(url):
            yield LedgerReading(engine, _teams(root), utc_now)
    finally:
        engine.dispose()


def _root(path: Path) -> Located:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = "name the file with -c, or begin with `attributor demo DIR`"
        raise ConfigurationError((Problem(str(path), 1, f"cannot be read: {error}", fix),)) from error
    root, problems = read_yaml(text, str(path))
    if root is None or problems:
        raise ConfigurationError(tuple(problems))
    if root.entries is None:
        raise ConfigurationError((root.problem("the file must be a map of keys", "begin with `sources:`"),))
    return root


def _teams(root: Located) -> Mapping[str, Team]:
    """Return the teams that are written without a mistake; `attributor check` names the mistakes of the others."""
    section = (root.entries or {}).get("teams")
    return {team.id: team for team in read_teams(section, [])} if section is not None else {}


def _ledger_url(root: Located, path: Path) -> str:
    problems: list[Problem] = []
    section = _substituted((root.entries or {}).get("store"), problems)
    settings, wrong = read_store(section, path.resolve().parent)
    if problems or wrong:
        raise ConfigurationError((*problems, *wrong))
    return settings.ledger


def _substituted(store: Located | None, problems: list[Problem]) -> Located | None:
    """Replace variables in this section alone: those of other sections may be missing here."""
    if store is None or store.entries is None:
        return store
    substitute = substitution(os.environ)
    entries: dict[str, Located] = {}
    for key, node in store.entries.items():
        try:
            entries[key] = node if node.text is None else Located(substitute(node.text), node.file, node.line)
        except KeyError as error:
            problems.append(node.problem(f"the environment has no variable {error.args[0]}", "set it"))
    return Located(entries, store.file, store.line, store.key_lines)
