"""What a team and its sub-teams cost together: each sub-team with all that are a part of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from attributor.ledger.tables import rollup
from attributor.reports.lines import Moved, moved_by, summed
from attributor.reports.owners import shown_name
from attributor.reports.view import Frame
from rules.ruleset import Team


@dataclass(frozen=True)
class SubTeam:
    """The team's own cost, or that of one of its sub-teams with all below it; `sub_teams` counts those."""

    team: str
    name: str
    sub_teams: int
    cost: Decimal
    previous: Decimal
    change: Decimal


@dataclass(frozen=True)
class Family:
    """A team with its sub-teams: its own cost first, then the sub-teams', the most expensive first; they sum up."""

    lines: tuple[SubTeam, ...]
    cost: Decimal
    previous: Decimal
    change: Decimal


def family(connection: Connection, frame: Frame, teams: Mapping[str, Team], team: str) -> Family | None:
    """Return what a team costs with those below it; None where it has none. One query."""
    children = [each.id for each in teams.values() if each.parent == team]
    if not children:
        return None
    below = {child: members(teams, child) for child in children}
    everybody = {team, *(member for members in below.values() for member in members)}
    found = moved_by(connection, frame, (rollup.c.team,), rollup.c.team.in_(sorted(everybody)))
    costs = {values[0]: moved for values, moved in found}
    own = SubTeam(team, shown_name(teams, team), 0, *_sum(costs, (team,)))
    lines = [
        SubTeam(child, shown_name(teams, child), len(members) - 1, *_sum(costs, members))
        for child, members in below.items()
    ]
    lines.sort(key=lambda line: (line.cost.copy_negate(), line.team))
    return Family((own, *lines), *_sum(costs, everybody))


def members(teams: Mapping[str, Team], team: str) -> set[str]:
    """Return a team and all below it."""
    found, added = {team}, {team}
    while added:
        added = {each.id for each in teams.values() if each.parent in added} - found
        found |= added
    return found


def _sum(costs: Mapping[str, Moved], members: Iterable[str]) -> Moved:
    return summed([costs[member] for member in members if member in costs])
