"""Deduplicate: tell a channel what it does not know yet, repeat at the interval, and say once what resolved."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from alerts.alert import Alert, AlertState
from alerts.ports import Message, MessageKind, Sent
from alerts.stages.batch import Batch, Decision, Target, Verdict, is_active
from alerts.stages.silence import ACKNOWLEDGED
from alerts.told import Rank, digest_of, pack, rank_of, unpack


@dataclass(frozen=True)
class Knowledge:
    """What one channel believes about one group, and what is so. Keys are digests; `shown` are active and not muted."""

    target: Target
    before: Sent | None
    told: Mapping[str, Rank]
    shown: Mapping[str, AlertState]
    active: Mapping[str, AlertState]
    resolved: Mapping[str, AlertState]
    repeat: timedelta
    group_wait: timedelta


def deduplicate(batch: Batch) -> Batch:
    """Turn each group and channel into at most one firing and one resolved message, with the log to store."""
    everything = {digest_of(key): state for key, state in batch.current.items()}
    targets = dict.fromkeys([*batch.groups, *(target for target, sent in batch.sent.items() if sent.fingerprint)])
    messages: list[Message] = []
    log: dict[Target, Sent] = {}
    decisions: list[Decision] = []
    for target in targets:
        known = _knowledge(target, everything, batch)
        verdict, reason = _judge(known, batch)
        sent = _after(known, batch, tells=verdict == "told")
        made = _messages(known, sent, batch, tells=verdict == "told")
        messages += made
        decisions += [Decision("deduplicate", target[0], verdict, reason, target[1])] if known.active else []
        decisions += [_resolution(target, message) for message in made if message.kind == "resolved"]
        if made or sent.fingerprint != _fingerprint(known):
            log[target] = sent
    return replace(batch, messages=tuple(messages), log=log).deciding(decisions)


def _fingerprint(known: Knowledge) -> str:
    return "" if known.before is None else known.before.fingerprint


def _knowledge(target: Target, everything: Mapping[str, AlertState], batch: Batch) -> Knowledge:
    before = batch.sent.get(target)
    told = {} if before is None else unpack(before.fingerprint)
    keys = batch.groups.get(target, ())
    active = {digest_of(key): batch.current[key] for key in keys}
    routes = [batch.routes[key] for key in keys]
    return Knowledge(
        target=target,
        before=before,
        told={digest: rank for digest, rank in told.items() if digest in everything},
        shown={digest: state for digest, state in active.items() if _is_shown(state, told.get(digest), batch)},
        active=active,
        resolved={
            digest: everything[digest]
            for digest in told
            if digest in everything and not is_active(everything[digest]) and not _silenced(everything[digest], batch)
        },
        repeat=min((route.repeat for route in routes), default=timedelta(0)),
        group_wait=min((route.group_wait for route in routes), default=timedelta(0)),
    )


def _is_shown(state: AlertState, told: Rank | None, batch: Batch) -> bool:
    """Say whether the alert may be told; one that got worse since it was acknowledged may."""
    reason = batch.muted.get(state.alert.key)
    worse = told is not None and rank_of(state.alert) > told
    return reason is None or (reason == ACKNOWLEDGED and worse)


def _silenced(state: AlertState, batch: Batch) -> bool:
    return state.alert.key in batch.muted


def _judge(known: Knowledge, batch: Batch) -> tuple[Verdict, str]:
    """Say whether the channel is told now, and why (not)."""
    if not known.shown:
        return "muted", "all of it is acknowledged, snoozed or silenced"
    news = [state for digest, state in known.shown.items() if _is_news(state, known.told.get(digest))]
    if news:
        oldest = min(state.first_seen for state in news)
        if batch.now < oldest + known.group_wait and len(news) == len(known.shown):
            return "waits", f"for others of the group until {oldest + known.group_wait:%H:%M:%S} UTC"
        first = news[0].alert
        verb = "got worse" if digest_of(first.key) in known.told else "is new"
        rest = "" if len(news) == 1 else f" and {len(news) - 1} more"
        return "told", f"{first.key} {verb}{rest}"
    last = batch.now if known.before is None else known.before.at
    if batch.now - last >= known.repeat:
        return "told", f"goes on; repeated after {known.repeat}"
    return "unchanged", f"told at {last:%Y-%m-%d %H:%M} UTC, repeats after {known.repeat}"


def _is_news(state: AlertState, told: Rank | None) -> bool:
    return told is None or rank_of(state.alert) > told


def _after(known: Knowledge, batch: Batch, *, tells: bool) -> Sent:
    """Return what the channel will believe: what it knew, less what resolved, and what it is told now."""
    believed = {digest: rank for digest, rank in known.told.items() if digest not in known.resolved}
    if tells:
        believed |= {digest: rank_of(state.alert) for digest, state in known.shown.items()}
    last = batch.now if known.before is None else known.before.at
    return Sent(pack(believed), batch.now if tells else last)


def _messages(known: Knowledge, sent: Sent, batch: Batch, *, tells: bool) -> Sequence[Message]:
    parts: list[tuple[MessageKind, Iterable[AlertState]]] = [("resolved", known.resolved.values())]
    if tells:
        parts.append(("firing", known.shown.values()))
    return [_message(known, sent, batch, part) for part in parts if part[1]]


def _message(known: Knowledge, sent: Sent, batch: Batch, part: tuple[MessageKind, Iterable[AlertState]]) -> Message:
    kind, states = part
    name, channel = known.target
    alerts = tuple(sorted((state.alert for state in states), key=_worst_first))
    identity = _identity(kind, known, sent)
    return Message(identity, name, channel, kind, alerts[0].team, alerts, batch.now)


def _identity(kind: MessageKind, known: Knowledge, sent: Sent) -> str:
    """Name the message by the step it tells of, so that the same step taken twice is one message in the outbox."""
    before = "" if known.before is None else f"{known.before.fingerprint}@{known.before.at.isoformat()}"
    text = "\n".join((kind, *known.target, before, sent.fingerprint))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _worst_first(alert: Alert) -> tuple[int, int, int, str]:
    severity, level = rank_of(alert)
    return -severity, -level, 0 if alert.amount is None else -int(alert.amount), alert.key


def _resolution(target: Target, message: Message) -> Decision:
    return Decision("deduplicate", target[0], "told", f"{len(message.alerts)} resolved", target[1])
