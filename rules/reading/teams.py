"""Reading `teams:`."""

import re
from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules import keywords
from rules.located import Located
from rules.owners import normal
from rules.problem import Problem
from rules.reading.context import is_reserved
from rules.reading.fields import Problems, dates, day, decimal, entries_of, word, words
from rules.reading.team_names import check_names
from rules.reading.team_parents import check_parents
from rules.ruleset import Budget, FormerName, Team

_PLAIN_TEXTS = ("name", "cost_center", "owner", "slack", "parent")


def read_teams(node: Located, problems: Problems) -> tuple[Team, ...]:
    """Return the teams of the map; names that mean two teams are problems."""
    if node.is_empty:
        return ()
    entries = node.entries
    if entries is None:
        problems.append(node.problem("`teams` is a map from id to team", "write `search: {aliases: [srch]}` below it"))
        return ()
    teams = []
    for team_id, entry in entries.items():
        line = node.key_lines.get(team_id, entry.line)
        if not normal(team_id) or is_reserved(team_id):
            problems.append(Problem(node.file, line, f"`{team_id}` cannot be a team's id", "choose another word"))
            continue
        teams.append(_team(team_id, line, entry, problems))
    check_names(tuple(teams), node.file, problems)
    check_parents(teams, node.file, problems)
    return tuple(teams)


def _team(team_id: str, line: int, node: Located, problems: Problems) -> Team:
    if node.is_empty:
        return Team(team_id, line=line)
    entries = entries_of(node, keywords.TEAM, f"team `{team_id}`", problems)
    start, end = dates(entries, problems)
    texts = {key: word(entries[key], f"`{key}`", problems) or "" for key in _PLAIN_TEXTS if key in entries}
    return Team(
        id=team_id,
        aliases=words(entries["aliases"], "`aliases`", problems) if "aliases" in entries else (),
        was=_former_names(entries["was"], problems) if "was" in entries else (),
        budget=read_budget(entries["budget"], problems) if "budget" in entries else None,
        line=line,
        name=texts.get("name", ""),
        cost_center=texts.get("cost_center", ""),
        owner=texts.get("owner", ""),
        slack=texts.get("slack", ""),
        start=start,
        end=end,
        time_zone=_time_zone(entries["time_zone"], problems) if "time_zone" in entries else "UTC",
        parent=texts.get("parent", ""),
    )


def _time_zone(node: Located, problems: Problems) -> str:
    name = word(node, "`time_zone`", problems) or "UTC"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(node.problem(f"`{name}` is no time zone", "write an IANA name, for example `Europe/Berlin`"))
        return "UTC"


def _former_names(node: Located, problems: Problems) -> tuple[FormerName, ...]:
    if not node.items:
        problems.append(node.problem("`was` is a list", "write `was: [{name: OLD, until: 2026-05-01}]`"))
        return ()
    found = []
    for item in node.items:
        entries = entries_of(item, keywords.WAS, "an entry of `was`", problems)
        name = word(entries.get("name", item), "`name`", problems)
        until = day(entries.get("until", item), "`until`", problems)
        if name is not None and until is not None:
            found.append(FormerName(name, until))
    return tuple(found)


def read_budget(node: Located, problems: Problems) -> Budget | None:
    """Return a budget from money a month, or from a map."""
    if node.entries is None:
        monthly = decimal(node, "`budget`", problems)
        return None if monthly is None else Budget(monthly)
    entries = entries_of(node, keywords.BUDGET, "`budget`", problems)
    if "monthly" not in entries:
        problems.append(node.problem("the budget has no `monthly`", "add `monthly: 42000`"))
        return None
    money = {
        key: decimal(entries[key], f"`{key}`", problems)
        for key in ("monthly", "daily_soft", "daily_hard", "emergency")
        if key in entries
    }
    thresholds = _thresholds(entries, problems)
    monthly = money["monthly"]
    if monthly is None:
        return None
    default = Budget(monthly)
    return Budget(
        monthly=monthly,
        daily_soft=money.get("daily_soft"),
        daily_hard=money.get("daily_hard"),
        thresholds=thresholds or default.thresholds,
        emergency=money.get("emergency") or default.emergency,
        rolling=_rolling(entries["rolling"], problems) if "rolling" in entries else (),
    )


def _rolling(node: Located, problems: Problems) -> tuple[tuple[int, Decimal], ...]:
    found = []
    for span, entry in (node.entries or {}).items():
        days = re.fullmatch(r"([1-9][0-9]{0,2})d", span)
        amount = decimal(entry, f"`{span}`", problems)
        if days is None:
            problems.append(entry.problem(f"`{span}` is no number of days", "write for example `rolling: {7d: 5000}`"))
        elif amount is not None:
            found.append((int(days[1]), amount))
    if not node.entries:
        problems.append(node.problem("`rolling` is a map from days to money", "write `rolling: {7d: 5000}`"))
    return tuple(sorted(found))


def _thresholds(entries: Mapping[str, Located], problems: Problems) -> tuple[Decimal, ...]:
    if "thresholds" not in entries:
        return ()
    node = entries["thresholds"]
    found = tuple(decimal(item, "a threshold", problems) for item in node.items or ())
    numbers = tuple(number for number in found if number is not None)
    if len(numbers) != len(found):
        return ()
    if not numbers or list(numbers) != sorted(set(numbers)) or not numbers[0]:
        problems.append(node.problem("`thresholds` are percentages above 0, ascending", "write `[80, 100, 120]`"))
        return ()
    return numbers
