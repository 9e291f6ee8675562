"""Rules that are not in use yet, from a whole configuration or from a file of rules alone."""

import os
from dataclasses import replace
from pathlib import Path

from attributor.app.errors import ConfigurationError
from attributor.app.reading import read_document
from attributor.config.environment import substitution
from attributor.config.estimates_rule import with_estimates_rule
from attributor.config.keys import TOP_LEVEL
from attributor.config.options import unknown_keys
from rules.keywords import TOP
from rules.load import Loaded, load
from rules.located import Located, substituted
from rules.problem import Problem
from rules.ruleset import RuleSet


def proposed_rules(file: Path, root: Located, configured: Path) -> tuple[Loaded, tuple[str, ...]]:
    """Return the rules of a file, and the parts of `root` (the document of `configured`) that it leaves as they are.

    A file that holds rules alone replaces the parts that it names; a whole configuration replaces all of them. What is
    neither teams nor rules in it is not looked at. Raises ConfigurationError with every error.
    """
    new = read_document(file)
    entries = new.entries or {}
    rules_alone = entries.keys() <= TOP.keys()
    kept = _kept(entries, root) if rules_alone else {}
    folder = configured if "rules" in kept else file
    prices = (root if rules_alone else new).entries or {}
    proposed = Located({**kept, **entries}, new.file, new.line, new.key_lines)
    return _loaded(proposed, folder, prices.get("prices")), tuple(kept)


def configured_rules(root: Located, file: Path) -> Loaded:
    """Return the rules of a configuration's document; raise ConfigurationError with every error in them."""
    return _loaded(root, file, (root.entries or {}).get("prices"))


def rules_in_file(root: Located, file: Path) -> RuleSet | None:
    """Return the rules of a configuration's document, None where they have errors."""
    try:
        return configured_rules(root, file).ruleset
    except ConfigurationError:
        return None


def _kept(entries: dict[str, Located], root: Located) -> dict[str, Located]:
    parts = root.entries or {}
    return {key: parts[key] for key in TOP if key in parts and key not in entries and not parts[key].is_empty}


def _loaded(root: Located, file: Path, prices: Located | None) -> Loaded:
    problems: list[Problem] = [*unknown_keys(root, list(TOP_LEVEL))]
    entries = root.entries or {}
    parts = {key: substituted(entries[key], substitution(os.environ), problems) for key in TOP if key in entries}
    with_own = with_estimates_rule(parts, prices)
    loaded = load(Located(with_own, root.file, root.line, root.key_lines), file.resolve().parent)
    found = tuple(sorted((*problems, *loaded.problems)))
    errors = tuple(problem for problem in found if problem.severity == "error")
    if errors:
        raise ConfigurationError(errors)
    return replace(loaded, problems=found)
