"""For commands that only read the ledger: a mistake in sources, rules or channels stops no report."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from attributor.app.budgeting import budgeted, edits_in_use
from attributor.app.clock import utc_now
from attributor.app.errors import ConfigurationError
from attributor.app.failures import ledger_failures, opened_ledger
from attributor.config.environment import substitution
from attributor.config.invoices import read_invoices
from attributor.config.settings import InvoiceSettings, StoreSettings, WebSettings
from attributor.config.statement_settings import StatementSettings
from attributor.config.statements import read_statements
from attributor.config.stores import read_store, read_web
from attributor.ledger.budget_edits import BudgetEdit
from rules.located import Located, read_yaml, substituted
from rules.problem import Problem
from rules.reading.dimensions import read_dimensions
from rules.reading.teams import read_teams
from rules.ruleset import Team


@dataclass(frozen=True)
class LedgerReading:
    """The ledger of a configuration, its teams by id and its dimensions (those that can be read), and the clock.

    `dimensions` are the names that the configuration gave, beside those that every report knows.
    """

    engine: Engine
    teams: Mapping[str, Team]
    dimensions: tuple[str, ...]
    clock: Callable[[], datetime]


@contextmanager
def open_ledger(path: Path) -> Iterator[LedgerReading]:
    """Open the ledger that `store:` names.

    Raises ConfigurationError where the file or that section is wrong, and StoreError where the ledger cannot be used.
    """
    root = read_document(path)
    url = stores_of(root, path).ledger
    engine = opened_ledger(url)
    try:
        with ledger_failures(url):
            yield LedgerReading(engine, teams_held(root, engine), dimensions_in(root), utc_now)
    finally:
        engine.dispose()


def read_document(path: Path) -> Located:
    """Return a configuration's document, variables as written; raise ConfigurationError where it is none."""
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


def section_in(root: Located, name: str, problems: list[Problem]) -> Located | None:
    """Return a section, variables put in; those of other sections may be missing."""
    section = (root.entries or {}).get(name)
    return None if section is None else substituted(section, substitution(os.environ), problems)


def invoices_of(path: Path) -> tuple[InvoiceSettings, ...]:
    """Return what `invoices:` says. Raises ConfigurationError."""
    root = read_document(path)
    problems: list[Problem] = []
    section = section_in(root, "invoices", problems)
    invoices, wrong = read_invoices(section, (root.entries or {}).get("sources"))
    if problems or wrong:
        raise ConfigurationError((*problems, *wrong))
    return invoices


def public_url_of(path: Path) -> str:
    """Return the address that people reach the pages under, "" where none is given. Raises ConfigurationError."""
    problems: list[Problem] = []
    settings, wrong = read_web(section_in(read_document(path), "web", problems))
    if problems or wrong:
        raise ConfigurationError((*problems, *wrong))
    return settings.public_url


def statements_of(path: Path) -> tuple[str, StatementSettings]:
    """Return the company's name and what `statements:` says. Raises ConfigurationError."""
    root = read_document(path)
    problems: list[Problem] = []
    company = (root.entries or {}).get("company")
    settings, wrong = read_statements(section_in(root, "statements", problems), path.resolve().parent)
    if problems or wrong:
        raise ConfigurationError((*problems, *wrong))
    return (company.text if company is not None else None) or "Attributor", settings


def teams_in(root: Located) -> Mapping[str, Team]:
    """Return the teams that are written without a mistake; `attributor check` names the mistakes of the others."""
    section = section_in(root, "teams", [])
    return {team.id: team for team in read_teams(section, [])} if section is not None else {}


def teams_held(root: Located, engine: Engine) -> Mapping[str, Team]:
    """Return the same with the budgets that hold: the file's, or those that were changed on the page."""
    return budgeted(teams_in(root).values(), edits_in_use(engine, _web_in(root)))


def budgets_in(path: Path, engine: Engine) -> tuple[Mapping[str, Team], Mapping[str, BudgetEdit]]:
    """Return the teams of a file, and the last change of each budget where it lets people change them."""
    root = read_document(path)
    return teams_in(root), edits_in_use(engine, _web_in(root))


def _web_in(root: Located) -> WebSettings:
    """Return `web:` as far as it is right: its mistakes stop the daemon, and no report."""
    settings, _ = read_web(section_in(root, "web", []))
    return settings


def dimensions_in(root: Located) -> tuple[str, ...]:
    """Return the names of the dimensions that the configuration gives, beside those that every report knows."""
    _, named = read_dimensions(section_in(root, "dimensions", []), [])
    return tuple(name for name, _ in named)


def stores_of(root: Located, path: Path) -> StoreSettings:
    """Return what `store:` names. Raises ConfigurationError."""
    problems: list[Problem] = []
    settings, wrong = read_store(section_in(root, "store", problems), path.resolve().parent)
    if problems or wrong:
        raise ConfigurationError((*problems, *wrong))
    return settings
