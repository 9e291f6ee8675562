"""Escalate: as long as nobody acknowledges an alert, further channels are told, one step after the other."""

from dataclasses import replace

from alerts.amounts import span
from alerts.ports import Decision
from alerts.stages.batch import Batch


def escalate(batch: Batch) -> Batch:
    """Add the channels of every step whose time has come to the alerts that still wait for somebody."""
    escalated: dict[str, dict[str, str]] = {}
    decisions: list[Decision] = []
    for key, route in batch.routes.items():
        state = batch.current[key]
        if state.status != "firing":
            continue
        for step in route.escalate:
            if batch.now >= state.waits_since + step.after:
                reason = f"nobody acknowledged it for {span(step.after)}"
                fresh = [channel for channel in step.channels if channel not in route.channels]
                escalated.setdefault(key, {}).update(dict.fromkeys(fresh, reason))
                decisions += [Decision("escalate", key, "escalated", reason, channel) for channel in fresh]
    return replace(batch, escalated=escalated).deciding(decisions)
