"""What travels through the stages: what is known, what each stage found out, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.alert import AlertState, Findings
from alerts.policy import Policy, Route
from alerts.ports import Decision, Message, Sent

Target = tuple[str, str]
"""A group and a channel: what one message is about and where it goes."""


@dataclass(frozen=True)
class Batch:
    """One pass over the findings. `states` and `sent` are as stored; the rest is filled in by the stages.

    learned: why what was found does not fire, by key. current: every state after this pass, by key. changed: those to
    store. routes: the route of each active alert, by key. escalated: the further channels of an alert with the reason,
    by key. groups: keys of the active alerts of each target. muted: why an alert is not told, by key.
    digests: the short name of each state, by key.
    """

    now: datetime
    policy: Policy
    findings: Sequence[Findings]
    states: Mapping[str, AlertState]
    sent: Mapping[Target, Sent]
    learned: Mapping[str, str] = field(default_factory=dict)
    current: Mapping[str, AlertState] = field(default_factory=dict)
    changed: tuple[AlertState, ...] = ()
    routes: Mapping[str, Route] = field(default_factory=dict)
    escalated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    groups: Mapping[Target, tuple[str, ...]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    muted: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    log: Mapping[Target, Sent] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()

    def deciding(self, decisions: Sequence[Decision]) -> "Batch":
        """Return the batch with more decisions noted."""
        return replace(self, decisions=(*self.decisions, *decisions))


def is_active(state: AlertState) -> bool:
    """Say whether the alert is still there, told or not."""
    return state.status != "resolved"
