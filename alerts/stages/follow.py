"""Follow: join what the detectors see now with the states known, so that alerts begin, go on and resolve."""

from collections.abc import Iterable
from dataclasses import replace

from alerts.alert import Alert, AlertState, Findings
from alerts.ports import Decision
from alerts.stages.batch import Batch, is_active


def follow(batch: Batch) -> Batch:
    """Bring every state up to `now`; kinds that no detector reported on stay as they are, but for snoozes that end."""
    seen = {alert.key: alert for findings in batch.findings for alert in findings.alerts}
    steps = [_seen(alert, batch.states.get(key), batch) for key, alert in seen.items()]
    steps += [
        _absent(state, batch) if _reported(state.alert, batch.findings) else _woken(state, batch)
        for key, state in batch.states.items()
        if key not in seen and is_active(state)
    ]
    changed = tuple(state for state, _ in steps if state != batch.states.get(state.alert.key))
    current = {**batch.states, **{state.alert.key: state for state in changed}}
    return replace(batch, current=current, changed=changed).deciding([decision for _, decision in steps if decision])


def _seen(alert: Alert, known: AlertState | None, batch: Batch) -> tuple[AlertState, Decision | None]:
    now = batch.now
    if known is None or not is_active(known):
        reason = "new" if known is None else "came back after it was resolved"
        return AlertState(alert, "firing", now, now), Decision("follow", alert.key, "fires", reason)
    state, woke = _woken(replace(known, alert=alert, last_seen=now), batch)
    since = Decision("follow", alert.key, "fires", f"goes on since {known.first_seen:%Y-%m-%d %H:%M} UTC")
    return state, woke or since


def _woken(state: AlertState, batch: Batch) -> tuple[AlertState, Decision | None]:
    """Let a snooze that is over end; whoever snoozed it is still named."""
    if state.status != "snoozed" or state.snoozed_until is None or state.snoozed_until > batch.now:
        return state, None
    woken = replace(state, status="firing", snoozed_until=None, woken_at=batch.now)
    return woken, Decision("follow", state.alert.key, "fires", "its snooze ended")


def _absent(state: AlertState, batch: Batch) -> tuple[AlertState, Decision | None]:
    key = state.alert.key
    if key not in batch.learned and _is_undecided(key, batch.findings):
        awake, woke = _woken(state, batch)
        return awake, woke or Decision("follow", key, "waits", "the data is not enough to say whether it goes on")
    resolved = replace(state, status="resolved", resolved_at=batch.now, snoozed_until=None)
    reason = batch.learned.get(key, "its detector no longer reports it")
    return resolved, Decision("follow", key, "resolves", reason)


def _reported(alert: Alert, findings: Iterable[Findings]) -> bool:
    return any(found.kind == alert.kind for found in findings)


def _is_undecided(key: str, findings: Iterable[Findings]) -> bool:
    """Say whether a detector could not judge this key; names end at a colon, so that gpu is not gpu-prod."""
    unsure = (prefix for found in findings for prefix in found.undecided)
    return any(key == prefix or key.startswith(prefix.rstrip(":") + ":") for prefix in unsure)
