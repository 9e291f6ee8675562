"""The path of an alert: a list of stages, then the outbox. Every decision comes back with its reason."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import Alert, AlertState, Findings
from alerts.policy import Policy
from alerts.ports import AlertLog, Decision, Message, Sent
from alerts.stages.batch import Batch, Target
from alerts.stages.deduplicate import deduplicate
from alerts.stages.escalate import escalate
from alerts.stages.follow import follow
from alerts.stages.group import group
from alerts.stages.learn import learn
from alerts.stages.route import route
from alerts.stages.silence import silence

STAGES: tuple[Callable[[Batch], Batch], ...] = (
    learn,
    follow,
    route,
    escalate,
    group,
    silence,
    deduplicate,
)


@dataclass(frozen=True)
class Outcome:
    """What a pass decided: `states` to store, `messages` for the outbox, `log` of what was told."""

    decisions: tuple[Decision, ...]
    states: tuple[AlertState, ...]
    messages: tuple[Message, ...]
    log: Mapping[Target, Sent]


def process(findings: Sequence[Findings], log: AlertLog, policy: Policy, now: datetime) -> Outcome:
    """Take the findings through all stages and store the outcome in one transaction; sending comes later.

    Without findings it does what the clock alone brings: snoozes and quiet hours end, nobody acknowledged, it is time
    to repeat.
    """
    with log.exclusively() as held:
        batch = Batch(now=now, policy=policy, findings=findings, states=held.states(), sent=held.last_sent())
        for stage in STAGES:
            batch = stage(batch)
        held.record(batch.changed, batch.messages, batch.log)
        held.explain(batch.decisions, now)
    return Outcome(batch.decisions, batch.changed, batch.messages, batch.log)


def probe(channel: str, now: datetime) -> Message:
    """Return a test message that shows whether a channel works; it belongs to no team and changes no state."""
    text = "If you can read this, alerts reach this channel."
    alert = Alert("test", "test", "", "info", f"Test message to {channel}", text, now)
    identity = hashlib.sha256(f"test\n{channel}\n{now.isoformat()}".encode()).hexdigest()[:32]
    return Message(identity, "test", channel, "test", "", (alert,), now)
