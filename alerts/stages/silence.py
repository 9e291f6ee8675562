"""Silence: what was acknowledged, snoozed, silenced or falls into quiet hours is kept, but not told."""

from dataclasses import replace

from alerts.alert import AlertState
from alerts.ports import Decision
from alerts.stages.batch import Batch, is_active
from alerts.stages.route import first_route

ACKNOWLEDGED = "acknowledged"


def silence(batch: Batch) -> Batch:
    """Note why an alert is not told now; silences and quiet hours also hold back the news that an alert resolved."""
    reasons = {key: _reason(state, batch) for key, state in batch.current.items()}
    muted = {key: reason for key, reason in reasons.items() if reason is not None}
    decisions = [Decision("silence", key, "muted", reason) for key, reason in muted.items() if key in batch.routes]
    return replace(batch, muted=muted).deciding(decisions)


def is_acknowledged(reason: str) -> bool:
    """Say whether a reason to be quiet is that somebody acknowledged the alert: it may still get worse."""
    return reason.startswith(ACKNOWLEDGED)


def _reason(state: AlertState, batch: Batch) -> str | None:
    for each in batch.policy.silences:
        if each.covers(state.alert, batch.now):
            return f"silenced until {each.end:%Y-%m-%d %H:%M} UTC: {each.reason}"
    return _quiet(state, batch) or answered(state)


def answered(state: AlertState) -> str | None:
    """Say who acknowledged or snoozed an alert, or return None where nobody did."""
    by = f" by {state.handling.by}" if state.handling else ""
    note = f": {state.handling.note}" if state.handling and state.handling.note else ""
    if state.status == "snoozed" and state.snoozed_until is not None:
        return f"snoozed until {state.snoozed_until:%Y-%m-%d %H:%M} UTC{by}{note}"
    return f"{ACKNOWLEDGED}{by}{note}" if state.status == "acknowledged" else None


def _quiet(state: AlertState, batch: Batch) -> str | None:
    found = first_route(state.alert, batch.policy)
    for hours in found[1].quiet if found else ():
        end = hours.until(batch.now)
        if end is not None:
            return f"quiet hours ({hours.name}) until {end:%Y-%m-%d %H:%M} UTC"
    if found and found[1].digest and not is_active(state) and state.resolved_at is not None:
        due = found[1].digest.next_after(state.resolved_at)
        return f"waits for the digest at {due:%Y-%m-%d %H:%M} UTC" if batch.now < due else None
    return None
