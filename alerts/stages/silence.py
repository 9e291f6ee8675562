"""Silence: what was acknowledged, snoozed or falls into a silence is kept, but not told."""

from dataclasses import replace

from alerts.alert import AlertState
from alerts.stages.batch import Batch, Decision

ACKNOWLEDGED = "acknowledged"


def silence(batch: Batch) -> Batch:
    """Note why an alert is not told now; a silence also holds back the news that an alert resolved."""
    reasons = {key: _reason(state, batch) for key, state in batch.current.items()}
    muted = {key: reason for key, reason in reasons.items() if reason is not None}
    decisions = [Decision("silence", key, "muted", reason) for key, reason in muted.items() if key in batch.routes]
    return replace(batch, muted=muted).deciding(decisions)


def _reason(state: AlertState, batch: Batch) -> str | None:
    for each in batch.policy.silences:
        if each.covers(state.alert, batch.now):
            return f"silenced until {each.end:%Y-%m-%d %H:%M} UTC: {each.reason}"
    if state.status == "snoozed" and state.snoozed_until is not None:
        return f"snoozed until {state.snoozed_until:%Y-%m-%d %H:%M} UTC"
    return ACKNOWLEDGED if state.status == "acknowledged" else None
