"""From what a tag or a usage row says to the team it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from rules.ruleset import RuleSet, Team

_DOMAIN = re.compile(r"@.*\Z", re.DOTALL)
_SEPARATORS = re.compile(r"[\s\-_.]+")


def normal(value: str) -> str:
    """Return the form in which spellings of one owner agree; "" where nothing is left. Idempotent.

    Trimmed, an `@domain` dropped, case-folded, and every run of separators (space, `-`, `_`, `.`) made one space;
    separators at either end are trimmed too.
    """
    without_domain = _DOMAIN.sub("", value.strip())
    folded = without_domain.casefold()
    return _SEPARATORS.sub(" ", folded).strip()


@dataclass(frozen=True)
class Directory:
    """Team ids by normal form: `current` at any time, `former` while an old name held, earliest end first."""

    current: Mapping[str, str]
    former: Mapping[str, tuple[tuple[date, str], ...]]


def spellings(team: Team) -> tuple[str, ...]:
    """Return everything that names a team today: id, name and aliases."""
    return tuple(word for word in (team.id, team.name, *team.aliases) if word)


def directory(teams: tuple[Team, ...]) -> Directory:
    """Index the teams; ids come before names, names before aliases, and all of them before former names."""
    current: dict[str, str] = {}
    for words in (_ids, _names, _aliases):
        for team in teams:
            for word in words(team):
                current.setdefault(normal(word), team.id)
    current.pop("", None)
    former: dict[str, list[tuple[date, str]]] = {}
    for team in teams:
        for old in team.was:
            former.setdefault(normal(old.name), []).append((old.until, team.id))
    return Directory(current, {name: tuple(sorted(ends)) for name, ends in former.items()})


def look_up(value: str, names: Directory, day: date) -> str | None:
    """Return the id of the team that a value names on a UTC day, or None."""
    form = normal(value)
    current = names.current.get(form)
    if current is not None:
        return current
    return next((team for until, team in names.former.get(form, ()) if day < until), None)


def resolve(value: str, ruleset: RuleSet, day: date) -> str | None:
    """Return the id of the team that a value names on a UTC day, or None. Indexes anew: for single questions."""
    return look_up(value, directory(ruleset.teams), day)


def _ids(team: Team) -> tuple[str, ...]:
    return (team.id,)


def _names(team: Team) -> tuple[str, ...]:
    return (team.name,)


def _aliases(team: Team) -> tuple[str, ...]:
    return team.aliases


def cost_centers(teams: tuple[Team, ...]) -> dict[str, str]:
    """Return the teams' own cost centers; teams without one are left out."""
    return {team.id: team.cost_center for team in teams if team.cost_center}
