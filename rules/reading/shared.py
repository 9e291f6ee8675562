"""Reading `shared:`: provider teams whose whole cost goes on to their consumers."""

from dataclasses import replace

from rules import keywords
from rules.located import Located
from rules.outcomes import CostSplit, FixedSplit, UsageSplit
from rules.problem import Problem
from rules.reading.context import RESERVED, Context, team
from rules.reading.fields import dates, entries_of
from rules.reading.splits import read_split
from rules.ruleset import SharedTeam


def read_shared(node: Located, context: Context) -> tuple[SharedTeam, ...]:
    """Return the shared teams; loops that no cost can leave are problems."""
    if node.is_empty:
        return ()
    if node.items is None:
        context.problems.append(node.problem("`shared` is a list", "write `- {team: platform, split: {by: requests}}`"))
        return ()
    read = (_entry(item, context) for item in node.items)
    shared = tuple(entry for entry in read if entry is not None)
    _check_twice(shared, context)
    _check_loops(shared, context)
    return shared


def _entry(node: Located, context: Context) -> SharedTeam | None:
    entries = entries_of(node, keywords.SHARED, "a shared team", context.problems)
    for key in ("team", "split"):
        if key not in entries:
            context.problems.append(node.problem(f"the shared team has no `{key}`", f"add `{key}:`"))
    if "team" not in entries or "split" not in entries:
        return None
    provider = team(entries["team"], "`team`", context)
    if provider in RESERVED:
        context.problems.append(entries["team"].problem(f"`{provider}` is no team", "name a team"))
    start, end = dates(entries, context.problems)
    split = _split(entries["split"], context)
    if provider is None or split is None:
        return None
    return SharedTeam(provider, split, start, end, node.file, node.line)


def _split(node: Located, context: Context) -> UsageSplit | CostSplit | FixedSplit | None:
    split = read_split(node, context)
    if split is None or isinstance(split, FixedSplit):
        return split
    if isinstance(split, UsageSplit) and (split.per == "hour" or split.idle):
        context.problems.append(
            node.problem("a team's whole cost is split per day or month, without idle capacity", "write `per: day`")
        )
    said = node.entries is not None and "without_usage" in node.entries
    return split if said else replace(split, without_usage="keep")


def _check_twice(shared: tuple[SharedTeam, ...], context: Context) -> None:
    seen: dict[str, list[SharedTeam]] = {}
    for entry in shared:
        for other in seen.setdefault(entry.team, []):
            if _overlap(entry, other):
                message = f"team `{entry.team}` is shared twice (first on line {other.line})"
                fix = "keep one, or give them `from:` and `until:` that do not overlap"
                context.problems.append(Problem(entry.file, entry.line, message, fix))
        seen[entry.team].append(entry)


def _overlap(one: SharedTeam, other: SharedTeam) -> bool:
    starts_in_time = one.start is None or other.end is None or one.start < other.end
    ends_in_time = one.end is None or other.start is None or other.start < one.end
    return starts_in_time and ends_in_time


def _check_loops(shared: tuple[SharedTeam, ...], context: Context) -> None:
    """A group of shared teams that only serve each other has no one to pay for it."""
    consumers: dict[str, set[str] | None] = {}
    for entry in shared:
        found, known = _consumers(entry), consumers.get(entry.team, set())
        consumers[entry.team] = None if found is None or known is None else found | known
    with_outlet = {one for one, found in consumers.items() if found is None or found - set(consumers)}
    growing = True
    while growing:
        reached = {one for one, found in consumers.items() if found and found & with_outlet}
        growing = not reached <= with_outlet
        with_outlet |= reached
    for entry in shared:
        if entry.team not in with_outlet:
            message = f"the cost of `{entry.team}` can never leave the shared teams"
            context.problems.append(
                Problem(entry.file, entry.line, message, "add a consumer that is not shared itself")
            )


def _consumers(entry: SharedTeam) -> set[str] | None:
    """Return the teams that can bear the cost, without the provider itself; None where any team can."""
    if isinstance(entry.split, FixedSplit):
        return {member for member, weight in entry.split.weights if weight} - {entry.team}
    return set(entry.split.among) - {entry.team} if entry.split.among else None
