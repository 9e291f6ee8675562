"""Which rules' money is that of a GPU pool."""

from collections.abc import Collection, Iterable, Mapping

from rules.outcomes import UsageSplit
from rules.ruleset import Rule

HOURS = "gpu.hours"


def pools_by_rule(rules: Iterable[Rule], known: Collection[str]) -> Mapping[str, str]:
    """Return the rules that split by GPU hours, each with its pool: the only one there is where it names none."""
    only = next(iter(known)) if len(known) == 1 else ""
    splits = {rule.name: rule.outcome for rule in rules if isinstance(rule.outcome, UsageSplit)}
    drivers = {name: split.drivers[0] for name, split in splits.items() if len(split.drivers) == 1}
    return {name: driver.pool or only for name, driver in drivers.items() if driver.metric == HOURS}
