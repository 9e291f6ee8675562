"""Reading `split:`: by a usage metric, by cost, even or fixed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, cast

from rules import keywords
from rules.located import Located
from rules.outcomes import HOLDER, SPREAD, CostSplit, Driver, FixedSplit, Per, UsageSplit, WithoutUsage
from rules.reading.context import Context, team, teams
from rules.reading.drivers import COST, read_drivers, read_pool
from rules.reading.fields import choice, decimal, entries_of, listed, word

_KINDS = ("by", "even", "fixed")
_PERIODS = ("hour", "day", "month")
IDLE_METRIC = "gpu.hours"


def read_split(node: Located, context: Context) -> UsageSplit | CostSplit | FixedSplit | None:
    """Return the split; its kind decides which other keys may stand beside it."""
    entries = entries_of(node, keywords.SPLIT, "`split`", context.problems)
    kinds = [key for key in _KINDS if key in entries]
    if len(kinds) != 1:
        message = "the split has no kind" if not kinds else f"the split has {len(kinds)} kinds: {listed(kinds)}"
        context.problems.append(node.problem(message, "give it one of `by`, `even` and `fixed`"))
        return None
    if kinds[0] != "by":
        _refuse(entries, set(entries) - {kinds[0]}, f"`{kinds[0]}`", context)
        return _shares(kinds[0], entries[kinds[0]], context)
    if entries["by"].items is not None:
        return _by_blend(entries, context)
    metric = word(entries["by"], "`by`", context.problems)
    if metric is None:
        return None
    return _by_cost(entries, context) if metric == COST else _by_usage(metric, entries, context)


def read_per(entries: Mapping[str, Located], context: Context) -> Per:
    """Return the bucket; a day where nothing is said."""
    if "per" not in entries:
        return "day"
    return cast("Per", choice(entries["per"], "`per`", _PERIODS, context.problems) or "day")


def _by_usage(metric: str, entries: Mapping[str, Located], context: Context) -> UsageSplit:
    if metric != IDLE_METRIC:
        _refuse(entries, {"idle", "unallocated"} & set(entries), f"`by: {metric}`", context)
    idle, unallocated = _idle(entries, context) if metric == IDLE_METRIC else ("", "")
    return UsageSplit(
        drivers=(Driver(metric, read_pool(entries, context)),),
        per=read_per(entries, context),
        among=_among(entries, context),
        without_usage=_without_usage(entries, context),
        idle=idle,
        unallocated=unallocated,
    )


def _by_blend(entries: Mapping[str, Located], context: Context) -> UsageSplit | None:
    _refuse(entries, {"idle", "unallocated"} & set(entries), "several metrics", context)
    drivers = read_drivers(entries["by"], read_pool(entries, context), context)
    if not drivers:
        return None
    return UsageSplit(
        drivers=drivers,
        per=read_per(entries, context),
        among=_among(entries, context),
        without_usage=_without_usage(entries, context),
    )


def _by_cost(entries: Mapping[str, Located], context: Context) -> CostSplit:
    _refuse(entries, {"pool", "idle", "unallocated"} & set(entries), "`by: cost`", context)
    per = read_per(entries, context)
    if per == "hour":
        context.problems.append(entries["per"].problem("cost is known by day", "write `per: day` or `per: month`"))
    without = _without_usage(entries, context)
    if without == "previous":
        fix = "write `even`, `fixed` or `unattributed`"
        context.problems.append(entries["without_usage"].problem("`previous` is for usage, not for cost", fix))
    return CostSplit(per, _among(entries, context), without)


def _among(entries: Mapping[str, Located], context: Context) -> tuple[str, ...]:
    return teams(entries["among"], "`among`", context) if "among" in entries else ()


def _idle(entries: Mapping[str, Located], context: Context) -> tuple[str, str]:
    idle = unallocated = ""
    if "idle" in entries:
        named = entries["idle"].text in (HOLDER, SPREAD)
        idle = (entries["idle"].text if named else team(entries["idle"], "`idle`", context)) or HOLDER
    if "unallocated" in entries:
        unallocated = team(entries["unallocated"], "`unallocated`", context) or ""
        idle = idle or HOLDER
    return idle, unallocated


def _without_usage(entries: Mapping[str, Located], context: Context) -> WithoutUsage:
    if "without_usage" not in entries:
        return "unattributed"
    node = entries["without_usage"]
    if node.entries is not None:
        shares = entries_of(node, ("even", "fixed"), "`without_usage`", context.problems)
        for kind, value in shares.items():
            return _shares(kind, value, context) or "unattributed"
        return "unattributed"
    chosen = choice(node, "`without_usage`", ("unattributed", "previous", "even"), context.problems)
    if chosen == "even":
        everyone = _among(entries, context) if "among" in entries else context.teams
        return _fixed({one: Decimal(1) for one in everyone}, "even", context)
    return "previous" if chosen == "previous" else "unattributed"


def _shares(kind: str, node: Located, context: Context) -> FixedSplit | None:
    if kind == "even":
        members = teams(node, "`even`", context)
        return _fixed({one: Decimal(1) for one in members}, "even", context) if members else None
    if not node.entries:
        context.problems.append(node.problem("`fixed` is a map from team to weight", "write `{search: 60, ads: 40}`"))
        return None
    weights: dict[str, Decimal] = {}
    for name, value in node.entries.items():
        line = node.key_lines.get(name, node.line)
        member = team(Located(name, node.file, line), "a team of `fixed`", context)
        weight = decimal(value, f"the weight of `{name}`", context.problems)
        if member in weights:
            context.problems.append(value.problem(f"`fixed` names team `{member}` twice", "keep one"))
        elif member is not None and weight is not None:
            weights[member] = weight
    if weights and not any(weights.values()):
        context.problems.append(node.problem("every weight is 0", "give at least one team a weight above 0"))
    return _fixed(dict(sorted(weights.items())), "fixed", context) if any(weights.values()) else None


def _fixed(weights: Mapping[str, Decimal], method: Literal["even", "fixed"], context: Context) -> FixedSplit:
    days = tuple((one, context.names.days[one]) for one in weights if one in context.names.days)
    return FixedSplit(tuple(weights.items()), method, days)


def _refuse(entries: Mapping[str, Located], keys: set[str], beside: str, context: Context) -> None:
    for key in sorted(keys):
        context.problems.append(entries[key].problem(f"`{key}` has no meaning beside {beside}", f"remove `{key}`"))
