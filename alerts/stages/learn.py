"""Learn: what somebody called no problem, or planned, does not fire."""

from dataclasses import replace

from alerts.ports import Decision
from alerts.stages.batch import Batch


def learn(batch: Batch) -> Batch:
    """Take what was learned out of the findings, with the reason; one that fires already resolves by that."""
    learned: dict[str, str] = {}
    findings = []
    for found in batch.findings:
        kept = []
        for alert in found.alerts:
            lesson = next((each for each in batch.policy.learned if each.covers(alert, batch.now)), None)
            if lesson is None:
                kept.append(alert)
            else:
                learned[alert.key] = lesson.words
        findings.append(replace(found, alerts=tuple(kept)))
    decisions = [Decision("learn", key, "dropped", reason) for key, reason in learned.items()]
    return replace(batch, findings=tuple(findings), learned=learned).deciding(decisions)
