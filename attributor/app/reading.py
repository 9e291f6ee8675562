"""For commands that only read the ledger: a mistake in sources, rules or channels stops no report."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from attributor.app.clock import utc_now
from attributor.app.errors import ConfigurationError
from attributor.config.environment import substitution
from attributor.config.stores import read_store
from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate
from rules.located import Located, read_yaml
from rules.problem import Problem


@dataclass(frozen=True)
class LedgerReading:
    """The ledger of a configuration, and the clock."""

    engine: Engine
    clock: Callable[[], datetime]


@contextmanager
def open_ledger(path: Path) -> Iterator[LedgerReading]:
    """Open the ledger that `store:` names; raise ConfigurationError where the file or that section is wrong."""
    engine = open_engine(_ledger_url(path))
    try:
        migrate(engine)
        yield LedgerReading(engine, utc_now)
    finally:
        engine.dispose()


def _ledger_url(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = "name the file with -c, or begin with `attributor demo DIR`"
        raise ConfigurationError((Problem(str(path), 1, f"cannot be read: {error}", fix),)) from error
    root, problems = read_yaml(text, str(path))
    store = (root.entries or {}).get("store") if root is not None else None
    if root is None or problems:
        raise ConfigurationError(tuple(problems))
    section = _substituted(store, problems)
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
