"""Whom names mean on some UTC days, as plain values."""

from collections.abc import Sequence
from datetime import date

from rules.daily.forms import Form
from rules.owners import Directory, look_up

Runs = list[tuple[date | None, str | None]]
"""From which day on a name means which team id (None for nobody); the first is None, for the days looked at so far."""


def meanings(names: Directory, points: Sequence[date]) -> dict[str, Runs]:
    """Return, by normal form, whom each name means; `points` are the first day and those on which anything changes.

    Names that mean nobody on all of the days are left out.
    """
    found: dict[str, Runs] = {}
    for form in sorted(names.current.keys() | names.former.keys()):
        runs: Runs = []
        for at, day in enumerate(points):
            team = look_up(form, names, day)
            if not runs or team != runs[-1][1]:
                runs.append((day if at else None, team))
        if any(team is not None for _, team in runs):
            found[form] = runs
    return found


def teams_meant(found: dict[str, Runs]) -> frozenset[str]:
    """Return the ids of all teams that are there on some of the days."""
    return frozenset(team for runs in found.values() for _, team in runs if team is not None)


def meanings_form(found: dict[str, Runs]) -> list[Form]:
    """Return the meanings, ordered by name."""
    return [
        [name, [[None if day is None else day.isoformat(), team] for day, team in runs]] for name, runs in found.items()
    ]
