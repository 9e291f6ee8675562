"""From what a tag or a usage row says to the team it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain

from rules.outcomes import Days
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
    """Team ids by normal form: `current` on all days of the team, `former` while an old name held, earliest end first.

    `days` are the UTC days [start, end) of the teams that have any.
    """

    current: Mapping[str, tuple[str, ...]]
    former: Mapping[str, tuple[tuple[date, str], ...]]
    days: Mapping[str, Days]


def spellings(team: Team) -> tuple[str, ...]:
    """Return everything that names a team today: id, name and aliases."""
    return tuple(word for word in (team.id, team.name, *team.aliases) if word)


def directory(teams: tuple[Team, ...]) -> Directory:
    """Index the teams; ids come before names, names before aliases, and all of them before former names."""
    current: dict[str, list[str]] = {}
    for words in (_ids, _names, _aliases):
        for team in teams:
            for word in words(team):
                current.setdefault(normal(word), []).append(team.id)
    current.pop("", None)
    former: dict[str, list[tuple[date, str]]] = {}
    for team in teams:
        for old in team.was:
            former.setdefault(normal(old.name), []).append((old.until, team.id))
    return Directory(
        {name: tuple(dict.fromkeys(found)) for name, found in current.items()},
        {name: tuple(sorted(ends)) for name, ends in former.items()},
        {team.id: (team.start, team.end) for team in teams if team.start or team.end},
    )


def look_up(value: str, names: Directory, day: date) -> str | None:
    """Return the id of the team that a value names on a UTC day, or None."""
    form = normal(value)
    former = (team for until, team in names.former.get(form, ()) if day < until)
    candidates = chain(names.current.get(form, ()), former)
    return next((team for team in candidates if is_there(team, names, day)), None)


def team_called(name: str, names: Directory) -> str | None:
    """Return the id of the team that is called so on any day, or None; a former name calls nobody."""
    return next(iter(names.current.get(normal(name), ())), None)


def is_there(team: str, names: Directory, day: date) -> bool:
    """Return whether a UTC day is one of a team's."""
    start, end = names.days.get(team, (None, None))
    return (start is None or start <= day) and (end is None or day < end)


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
