"""Group: one message per team and cause (the kind) for each channel, however many alerts there are."""

from dataclasses import replace

from alerts.alert import Alert
from alerts.policy import Route
from alerts.ports import Decision
from alerts.stages.batch import Batch, Target

_TOLD_AS = "told as "


def group(batch: Batch) -> Batch:
    """Collect the keys of routed alerts by group and channel."""
    groups: dict[Target, list[str]] = {}
    for key, route in batch.routes.items():
        name = group_of(batch.current[key].alert, route)
        for channel in dict.fromkeys((*route.channels, *batch.escalated.get(key, ()))):
            groups.setdefault((name, channel), []).append(key)
    decisions = [
        Decision("group", key, "passes", f"{_TOLD_AS}{group_of(batch.current[key].alert, route)}")
        for key, route in batch.routes.items()
    ]
    return replace(batch, groups={target: tuple(keys) for target, keys in groups.items()}).deciding(decisions)


def group_in(decision: Decision) -> str:
    """Return the group that a decision of this stage put an alert into."""
    return decision.reason.removeprefix(_TOLD_AS)


def group_of(alert: Alert, route: Route) -> str:
    """Return the name of the alert's group; what a digest tells is put together whatever its cause."""
    return f"{alert.team}:{'digest' if route.digest else alert.kind}"
