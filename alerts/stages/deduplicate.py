"""Deduplicate: tell a channel what it does not know yet, repeat at the interval, and say once what resolved."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.alert import Alert, AlertState
from alerts.amounts import span
from alerts.ports import Decision, Message, MessageKind, Sent, Verdict
from alerts.stages.batch import Batch, Target
from alerts.stages.knowledge import Knowledge, knowledge_of
from alerts.stages.silence import answered
from alerts.told import Told, digest_of, pack, rank_of


@dataclass(frozen=True)
class _Step:
    """What is done about a target: whether it is told of what fires, and what it believes afterwards."""

    known: Knowledge
    tells: bool
    sent: Sent
    believed: Mapping[str, Told]


def deduplicate(batch: Batch) -> Batch:
    """Turn each group and channel into at most one message of each kind, with the log to store."""
    digests = {key: digest_of(key) for key in batch.current}
    batch = replace(batch, digests=digests)
    everything = {digests[key]: state for key, state in batch.current.items()}
    targets = dict.fromkeys([*batch.groups, *(target for target, sent in batch.sent.items() if sent.fingerprint)])
    messages: list[Message] = []
    log: dict[Target, Sent] = {}
    decisions: list[Decision] = []
    for target in targets:
        known = knowledge_of(target, everything, batch)
        verdict, reason = _judge(known, batch)
        step = _step(known, batch, tells=verdict == "told")
        made = _messages(step, batch)
        messages += made
        decisions += [Decision("deduplicate", target[0], verdict, reason, target[1])] if known.active else []
        decisions += [_resolution(target, message) for message in made if message.kind == "resolved"]
        if made or step.sent.fingerprint != known.fingerprint:
            log[target] = step.sent
    return replace(batch, messages=tuple(messages), log=log).deciding(decisions)


def _judge(known: Knowledge, batch: Batch) -> tuple[Verdict, str]:
    """Say whether the channel is told now, and why (not)."""
    if not known.shown:
        return "muted", known.reasons[0] if len(known.reasons) == 1 else "; ".join(known.reasons) or "nothing of it"
    news = [state for digest, state in known.shown.items() if known.is_news(digest)]
    if news and (wait := _wait(known, news, batch)):
        return "waits", wait
    if news:
        first = news[0].alert
        verb = "is new" if digest_of(first.key) not in known.told else "got worse or fires again"
        rest = "" if len(news) == 1 else f" and {len(news) - 1} more"
        return "told", f"{first.key} {verb}{rest}"
    last = known.last(batch.now)
    due = last + known.repeat
    if known.digest is not None:
        due = max(due, known.digest.next_after(last))
    if batch.now >= due:
        return "told", f"goes on; repeated after {span(known.repeat)}"
    return "unchanged", f"told at {last:%Y-%m-%d %H:%M} UTC, repeats after {span(known.repeat)}"


def _wait(known: Knowledge, news: Sequence[AlertState], batch: Batch) -> str:
    """Return what the news waits for, "" where it waits no longer."""
    oldest = min(state.waits_since for state in news)
    if known.digest is not None:
        due = known.digest.next_after(oldest)
        return f"for the digest at {due:%Y-%m-%d %H:%M} UTC" if batch.now < due else ""
    due = min(state.first_seen for state in news) + known.group_wait
    if batch.now < due and len(news) == len(known.shown):
        return f"for others of the group until {due:%H:%M:%S} UTC"
    return ""


def _step(known: Knowledge, batch: Batch, *, tells: bool) -> _Step:
    """Return what the channel will believe: what it knew, less what resolved, and what it is told now."""
    believed = {digest: each for digest, each in known.told.items() if digest not in known.resolved}
    believed |= {digest: replace(believed[digest], answered=True) for digest in known.handled}
    if tells:
        believed |= {
            digest: Told(rank_of(state.alert), answered=state.status != "firing")
            for digest, state in known.shown.items()
        }
    at = batch.now if tells else known.last(batch.now)
    fingerprint = pack(believed)
    return _Step(known, tells, Sent(fingerprint, at, _incident(known, batch, tells=tells)), believed)


def _incident(known: Knowledge, batch: Batch, *, tells: bool) -> str:
    """Go on with the incident that the channel believes in, or begin one."""
    if known.before is not None and known.before.incident and known.told:
        return known.before.incident
    begun = "\n".join((*known.target, batch.now.isoformat()))
    return hashlib.sha256(begun.encode()).hexdigest()[:32] if tells else ""


def _messages(step: _Step, batch: Batch) -> list[Message]:
    known = step.known
    parts: list[tuple[MessageKind, Iterable[AlertState]]] = [("resolved", known.resolved.values())]
    if step.tells:
        parts.append(("firing", known.shown.values()))
    elif known.target[1] in batch.policy.following:
        parts.append(("acknowledged", known.handled.values()))
    return [_message(step, batch, kind, tuple(states)) for kind, states in parts if states]


def _message(step: _Step, batch: Batch, kind: MessageKind, states: Sequence[AlertState]) -> Message:
    known = step.known
    name, channel = known.target
    alerts = tuple(sorted((state.alert for state in states), key=_worst_first))
    return Message(
        id=_identity(kind, known, step.sent),
        group=name,
        channel=channel,
        kind=kind,
        team=alerts[0].team,
        alerts=alerts,
        created_at=batch.now,
        incident=step.sent.incident,
        note=known.note if kind == "firing" else _who(states) if kind == "acknowledged" else "",
        open=len(step.believed),
    )


def _who(states: Sequence[AlertState]) -> str:
    return "; ".join(dict.fromkeys(filter(None, map(answered, states))))


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
