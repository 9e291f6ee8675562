"""Who can be looked up: configured teams, the reserved owners, and teams that only old charges still know."""

from collections.abc import Mapping
from difflib import get_close_matches

from sqlalchemy import Connection, select

from attributor.ledger.tables import rollup
from rules.ruleset import Team
from rules.schema import IDLE, UNATTRIBUTED

RESERVED_OWNERS: Mapping[str, Team] = {
    UNATTRIBUTED: Team(UNATTRIBUTED, "Unattributed"),
    IDLE: Team(IDLE, "Idle capacity"),
}


class UnknownTeamError(LookupError):
    """No team is called so; `near` are ids of teams that are called nearly so."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"there is no team {name!r}{hint}")
        self.name = name
        self.near = near


def shown_name(teams: Mapping[str, Team], team: str) -> str:
    """Return what a team is called on pages: its name, or its id where it has none."""
    found = teams.get(team) or RESERVED_OWNERS.get(team)
    return (found.name if found else "") or team


def parent_of(teams: Mapping[str, Team], team: Team) -> str:
    """Return the id of the team that this one is a part of, "" where it is of none or of one that is not to be seen."""
    return team.parent if team.parent in teams else ""


def known_team(connection: Connection, teams: Mapping[str, Team], name: str) -> Team:
    """Return the team with this id; raise UnknownTeamError that names near ones otherwise."""
    found = teams.get(name) or RESERVED_OWNERS.get(name)
    if found is not None:
        return found
    if connection.scalar(select(rollup.c.team).where(rollup.c.team == name).limit(1)) is not None:
        return Team(name)
    raise UnknownTeamError(name, near_teams(teams, name))


def team_called(teams: Mapping[str, Team], words: str) -> str:
    """Return the id of the team whose id, name or alias this is, whatever its case; the words themselves otherwise."""
    words = words.strip()
    return words if words in teams else _spellings(teams).get(words.casefold(), words)


def near_teams(teams: Mapping[str, Team], name: str) -> tuple[str, ...]:
    """Return the ids of up to three teams whose id, name or alias is nearly this."""
    spellings = _spellings(teams)
    close = get_close_matches(name.casefold(), spellings, n=6, cutoff=0.5)
    return tuple(dict.fromkeys(spellings[spelling] for spelling in close))[:3]


def _spellings(teams: Mapping[str, Team]) -> dict[str, str]:
    """Return the ids of teams by what they are called, case folded."""
    return {
        spelling.casefold(): team.id
        for team in (*teams.values(), *RESERVED_OWNERS.values())
        for spelling in (team.id, team.name, *team.aliases)
        if spelling
    }
