"""Names that mean two teams on the same day."""

from rules.owners import normal, spellings
from rules.problem import Problem
from rules.reading.context import is_reserved
from rules.reading.fields import Problems
from rules.ruleset import Team


def check_names(teams: tuple[Team, ...], file: str, problems: Problems) -> None:
    """Find names that nobody may have, and names of two teams that are there on the same days."""
    owners_of: dict[str, list[Team]] = {}
    for team in teams:
        for spelling in spellings(team):
            form = normal(spelling)
            known = owners_of.setdefault(form, [])
            other = next((one for one in known if one is not team and _overlap(one, team)), None)
            if not form or is_reserved(spelling):
                problems.append(Problem(file, team.line, f"`{spelling}` cannot name team `{team.id}`", "remove it"))
            elif other is not None:
                problems.append(
                    Problem(
                        file,
                        team.line,
                        f"`{spelling}` names both team `{other.id}` (line {other.line}) and team `{team.id}`",
                        "keep it with one of them; case, separators and @domain do not tell names apart",
                    )
                )
            if team not in known:
                known.append(team)
    _check_former_names(teams, owners_of, file, problems)


def _overlap(one: Team, other: Team) -> bool:
    starts_in_time = one.start is None or other.end is None or one.start < other.end
    ends_in_time = one.end is None or other.start is None or other.start < one.end
    return starts_in_time and ends_in_time


def _check_former_names(
    teams: tuple[Team, ...], owners_of: dict[str, list[Team]], file: str, problems: Problems
) -> None:
    seen: dict[tuple[str, object], Team] = {}
    for team in teams:
        for old in team.was:
            before = (one for one in owners_of.get(normal(old.name), ()) if one.start is None or one.start < old.until)
            now = next(before, None)
            twin = seen.setdefault((normal(old.name), old.until), team)
            if now is not None:
                message = f"former name `{old.name}` of team `{team.id}` names team `{now.id}` before {old.until}"
                fix = "the team that is called so wins; remove one of them, or give it `from:`"
                problems.append(Problem(file, team.line, message, fix))
            elif team.start is not None and old.until <= team.start:
                message = f"team `{team.id}` was `{old.name}` only before it is there, from {team.start}"
                problems.append(Problem(file, team.line, message, "take `from:` out: a renamed team was there before"))
            elif twin is not team:
                message = f"teams `{twin.id}` and `{team.id}` both were `{old.name}` until {old.until}"
                problems.append(Problem(file, team.line, message, "keep it with one of them"))
