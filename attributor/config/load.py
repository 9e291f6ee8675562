"""The configuration file: read once, checked whole, every problem at once with file, line and the fix."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alerts.channels.base import ChannelType
from attributor.config.access import read_access
from attributor.config.alerting import read_alerts
from attributor.config.engine import read_engine
from attributor.config.estimates_rule import with_estimates_rule
from attributor.config.invoices import read_invoices
from attributor.config.keys import TOP_LEVEL
from attributor.config.options import unknown_keys
from attributor.config.prices import bills_of, read_prices
from attributor.config.settings import Settings
from attributor.config.sources import read_sources
from attributor.config.statements import read_statements
from attributor.config.stores import read_store, read_web
from collectors.base import CollectorType
from rules.load import load as load_rules
from rules.located import Located, read_yaml
from rules.problem import Problem


@dataclass(frozen=True)
class Types:
    """The kinds of sources and channels that a configuration may name; `broken` says why one cannot be used."""

    collectors: Mapping[str, CollectorType]
    broken: Mapping[str, str]
    channels: Mapping[str, ChannelType]


@dataclass(frozen=True)
class LoadedConfig:
    """The settings, or None where an error stands in the way, and every problem in the file's order."""

    settings: Settings | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are no mere warnings."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def load_config(path: Path, types: Types, substitute: Callable[[str], str]) -> LoadedConfig:
    """Read and check a configuration file; a missing or unreadable file is a problem too."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        fix = "name one with -c, or begin with `attributor demo DIR`"
        return LoadedConfig(None, (Problem(str(path), 1, "there is no such file", fix),))
    except (OSError, UnicodeDecodeError) as error:
        return LoadedConfig(None, (Problem(str(path), 1, f"cannot be read: {error}", "save it as UTF-8 text"),))
    root, problems = read_yaml(text, str(path), substitute)
    if root is None:
        return LoadedConfig(None, tuple(problems))
    if root.entries is None:
        return LoadedConfig(None, (root.problem("the file must be a map of keys", "begin with `sources:`"),))
    return _load_root(root, path.resolve(), types, problems)


def _load_root(root: Located, path: Path, types: Types, problems: list[Problem]) -> LoadedConfig:
    entries = root.entries or {}
    problems = problems + unknown_keys(root, list(TOP_LEVEL))
    store, wrong_store = read_store(entries.get("store"), path.parent)
    web, wrong_web = read_web(entries.get("web"))
    engine, wrong_engine = read_engine(entries.get("engine"))
    sources, wrong_sources = read_sources(entries.get("sources"), types.collectors, types.broken)
    invoices, wrong_invoices = read_invoices(entries.get("invoices"), entries.get("sources"))
    alerts, wrong_alerts = read_alerts(entries.get("alerts"), types.channels)
    prices, wrong_prices = read_prices(entries.get("prices"), bills_of(sources, entries.get("sources")))
    statements, wrong_statements = read_statements(entries.get("statements"), path.parent)
    parts = with_estimates_rule(entries, entries.get("prices"))
    loaded = load_rules(Located(parts, root.file, root.line, root.key_lines), path.parent)
    problems += [*wrong_store, *wrong_web, *wrong_engine, *wrong_sources, *wrong_invoices]
    listen = ((entries["web"].entries or {}) if "web" in entries else {}).get("listen")
    access, wrong_access = read_access(entries.get("access"), web, listen, [team.id for team in loaded.ruleset.teams])
    problems += [*wrong_prices, *wrong_alerts, *wrong_access, *wrong_statements, *loaded.problems]
    problems.sort(key=lambda problem: (problem.file, problem.line))
    company = entries.get("company")
    settings = Settings(
        file=path,
        company=(company.text if company is not None else None) or "",
        store=store,
        web=web,
        engine=engine,
        sources=sources,
        alerts=alerts,
        ruleset=loaded.ruleset,
        invoices=invoices,
        prices=prices,
        access=access,
        statements=statements,
    )
    found = LoadedConfig(settings, tuple(problems))
    return LoadedConfig(None, found.problems) if found.errors else found
