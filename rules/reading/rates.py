"""Reading `rates:` of an activity, each one number or several with dates."""

from datetime import date
from itertools import pairwise

from rules import keywords
from rules.located import Located
from rules.outcomes import Rate
from rules.reading.context import Context
from rules.reading.fields import dates, decimal, entries_of


def read_rates(node: Located | None, parent: Located, context: Context) -> tuple[Rate, ...]:
    """Return the rates, ordered by metric and day; those of one metric that overlap are a problem."""
    if node is None or not node.entries:
        context.problems.append(
            (node or parent).problem("`activity` has no `rates`", "write `rates: {gpu.hours: 2.10}`")
        )
        return ()
    found = [rate for metric, value in sorted(node.entries.items()) for rate in _of_metric(metric, value, context)]
    return tuple(found)


def _of_metric(metric: str, node: Located, context: Context) -> list[Rate]:
    if node.items is None and node.entries is None:
        money = decimal(node, f"the rate of `{metric}`", context.problems)
        return [] if money is None else [Rate(metric, money)]
    items = (node,) if node.items is None else node.items
    read = ((item, _dated(metric, item, context)) for item in items)
    rates = [(item, rate) for item, rate in read if rate is not None]
    rates.sort(key=lambda pair: pair[1].start or date.min)
    for (_, before), (item, after) in pairwise(rates):
        if before.end is None or after.start is None or after.start < before.end:
            message = f"two rates of `{metric}` hold from {after.start or 'the beginning'}"
            context.problems.append(item.problem(message, "give them `from:` and `until:` that do not overlap"))
    if not items:
        context.problems.append(node.problem(f"`{metric}` has no rate", "write a number, or `[{rate: 2.10}]`"))
    return [rate for _, rate in rates]


def _dated(metric: str, node: Located, context: Context) -> Rate | None:
    entries = entries_of(node, keywords.RATE, f"a rate of `{metric}`", context.problems)
    if not entries:
        return None
    if "rate" not in entries:
        context.problems.append(node.problem(f"a rate of `{metric}` has no `rate`", "add `rate: 2.10`"))
        return None
    money = decimal(entries["rate"], f"the rate of `{metric}`", context.problems)
    start, end = dates(entries, context.problems)
    return None if money is None else Rate(metric, money, start, end)
