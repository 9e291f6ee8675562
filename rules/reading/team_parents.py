"""Parents that are no teams, and teams that are a part of themselves."""

from collections.abc import Mapping, Sequence

from rules.problem import Problem
from rules.reading.fields import Problems, nearest
from rules.ruleset import Team


def check_parents(teams: Sequence[Team], file: str, problems: Problems) -> None:
    """Find parents that nobody is, and circles of them; each circle is told once."""
    by_id = {team.id: team for team in teams}
    told: set[str] = set()
    for team in teams:
        if team.parent and team.parent not in by_id:
            message = f"the parent `{team.parent}` of team `{team.id}` is no team"
            fix = nearest(team.parent, by_id, "write the id of another team")
            problems.append(Problem(file, team.line, message, fix))
        circle = _circle(team, by_id)
        if circle and told.isdisjoint(circle):
            told.update(circle)
            message = f"team `{team.id}` is a part of itself: {' in '.join(f'`{each}`' for each in (*circle, team.id))}"
            problems.append(Problem(file, team.line, message, "take one `parent:` out"))


def _circle(team: Team, by_id: Mapping[str, Team]) -> tuple[str, ...]:
    """Return the teams from one up to itself; none where it is no part of itself."""
    found = [team.id]
    while (parent := by_id[found[-1]].parent) in by_id and parent not in found:
        found.append(parent)
    return tuple(found) if parent == team.id else ()
