"""Reading several drivers of one split: `by: [{gpu.hours: 0.7}, {requests: 0.3}]`."""

from collections.abc import Mapping
from decimal import Decimal

from rules import keywords
from rules.located import Located
from rules.outcomes import Driver
from rules.reading.context import Context
from rules.reading.fields import decimal, entries_of, listed, word

COST = "cost"
_FORM = "write `[{gpu.hours: 0.7}, {requests: 0.3}]`"


def read_pool(entries: Mapping[str, Located], context: Context) -> str | None:
    """Return the pool whose usage counts, None for all."""
    return word(entries["pool"], "`pool`", context.problems) if "pool" in entries else None


def read_drivers(node: Located, pool: str | None, context: Context) -> tuple[Driver, ...]:
    """Return the drivers that are blended; `pool` is that of those that name none."""
    if not node.items:
        context.problems.append(node.problem("`by` is a metric, or a list of metrics with weights", _FORM))
        return ()
    drivers: dict[tuple[str, str | None], Driver] = {}
    for item in node.items:
        driver = _driver(item, pool, context)
        if driver is None:
            return ()
        if (driver.metric, driver.pool) in drivers:
            context.problems.append(item.problem(f"`by` names `{driver.metric}` twice", "keep one"))
        drivers[driver.metric, driver.pool] = driver
    return tuple(drivers.values())


def _driver(node: Located, pool: str | None, context: Context) -> Driver | None:
    entries = node.entries or {}
    if "weight" in entries or "metric" in entries:
        return _named_driver(node, pool, context)
    if len(entries) != 1:
        context.problems.append(node.problem("an entry of `by` is a metric with its weight", _FORM))
        return None
    ((metric, weight),) = entries.items()
    return _checked(metric, pool, weight, context)


def _named_driver(node: Located, pool: str | None, context: Context) -> Driver | None:
    entries = entries_of(node, keywords.DRIVER, "an entry of `by`", context.problems)
    missing = [key for key in ("metric", "weight") if key not in entries]
    if missing:
        context.problems.append(node.problem(f"an entry of `by` has no {listed(missing)}", _FORM))
        return None
    metric = word(entries["metric"], "`metric`", context.problems)
    own = read_pool(entries, context)
    return None if metric is None else _checked(metric, own or pool, entries["weight"], context)


def _checked(metric: str, pool: str | None, node: Located, context: Context) -> Driver | None:
    weight = decimal(node, f"the weight of `{metric}`", context.problems)
    if metric == COST:
        context.problems.append(node.problem("`cost` cannot be blended with usage", "blend usage metrics"))
        return None
    if weight == Decimal(0):
        context.problems.append(node.problem(f"the weight of `{metric}` is 0", "write one above 0, or take it out"))
    return Driver(metric, pool, weight) if weight else None
