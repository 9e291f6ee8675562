"""A team's colour: the same on every page, for as long as its place in the rules file stays.

Charts name colours as site.css does (`var(--series-1)`); the page resolves them in its own light or dark theme, and
`painted` resolves them for pictures, which are always light.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from rules.ruleset import Team
from rules.schema import IDLE, UNATTRIBUTED

LIGHT: Mapping[str, str] = {
    "--series-1": "#3457d5",
    "--series-2": "#0b9a8d",
    "--series-3": "#dd7a12",
    "--series-4": "#8d4fc7",
    "--series-5": "#5b9421",
    "--series-6": "#c93b78",
    "--series-7": "#2a9fd6",
    "--series-8": "#9a7406",
    "--series-unattributed": "#8a93a3",
    "--series-idle": "#b4bcc8",
    "--series-other": "#6a7585",
    "--surface": "#ffffff",
    "--text": "#171c26",
    "--text-muted": "#596273",
    "--line": "#e4e7ec",
    "--critical": "#b42318",
}
"""The colours of light pages that charts use; a test holds site.css to them."""

_SERIES = 8
_RESERVED: Mapping[str, str] = {UNATTRIBUTED: "unattributed", IDLE: "idle", "": "other"}
_NAME = re.compile(r"var\((--[a-z0-9-]+)\)")


def slots(teams: Mapping[str, Team], wanted: Iterable[str]) -> dict[str, str]:
    """Return the names of teams' colours: "1" to "8", "unattributed", "idle", or "other" for what is summed up.

    Configured teams take the slots in the order of the file, so that a team added at its end moves no other;
    a team that only old charges know takes the slot of its name's digest.
    """
    order = {name: index for index, name in enumerate(teams)}
    return {team: _RESERVED.get(team) or str(_place(order, team) % _SERIES + 1) for team in wanted}


def slot(teams: Mapping[str, Team], team: str) -> str:
    """Return the name of one team's colour."""
    return slots(teams, (team,))[team]


def _place(order: Mapping[str, int], team: str) -> int:
    place = order.get(team)
    return int(sha256(team.encode()).hexdigest(), 16) if place is None else place


def colour(teams: Mapping[str, Team], team: str) -> str:
    """Return a team's colour as charts name it."""
    return f"var(--series-{slot(teams, team)})"


def painted(spec: Any) -> Any:
    """Return a chart with every named colour resolved to that of light pages."""
    if isinstance(spec, dict):
        return {key: painted(value) for key, value in spec.items()}
    if isinstance(spec, list):
        return [painted(value) for value in spec]
    named = _NAME.fullmatch(spec) if isinstance(spec, str) else None
    return LIGHT[named[1]] if named else spec
