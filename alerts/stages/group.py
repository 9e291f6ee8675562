"""Group: one message per team and cause (the kind) for each channel, however many alerts there are."""

from dataclasses import replace

from alerts.alert import Alert
from alerts.stages.batch import Batch, Decision, Target


def group(batch: Batch) -> Batch:
    """Collect the keys of routed alerts by group and channel."""
    groups: dict[Target, list[str]] = {}
    for key, route in batch.routes.items():
        name = group_of(batch.current[key].alert)
        for channel in dict.fromkeys(route.channels):
            groups.setdefault((name, channel), []).append(key)
    decisions = [
        Decision("group", name, "passes", f"{len(keys)} in one message", channel)
        for (name, channel), keys in groups.items()
    ]
    return replace(batch, groups={target: tuple(keys) for target, keys in groups.items()}).deciding(decisions)


def group_of(alert: Alert) -> str:
    """Return the name of the alert's group."""
    return f"{alert.team}:{alert.kind}"
