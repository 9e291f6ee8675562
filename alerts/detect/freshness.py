"""Freshness: a source that has been silent longer than its habit, or that fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import Alert, Findings, Severity
from alerts.detect.presenting import minute


@dataclass(frozen=True)
class SourceFacts:
    """How one source stands. All times are aware UTC.

    known_until: the end of what it has covered, None where nothing was ever read. configured_at: since when it is
    watched. habit: the usual time between two extensions of the coverage, None where not yet known. limit: how long
    it may be silent, where configured. error: what the last reading said, empty where it succeeded.
    """

    source: str
    known_until: datetime | None
    configured_at: datetime
    habit: timedelta | None = None
    limit: timedelta | None = None
    error: str = ""
    permanent: bool = False
    failing_since: datetime | None = None


@dataclass(frozen=True)
class FreshnessPolicy:
    """How long silence is normal: `habits` times the habit, but not more than `beyond` longer, and `least` at least.

    It is `unknown` without a habit.

    A failure that may pass is told only after `failing_for`. `team` is who hears of it, empty for all.
    """

    habits: int = 3
    beyond: timedelta = timedelta(days=1)
    least: timedelta = timedelta(hours=1)
    unknown: timedelta = timedelta(days=2)
    failing_for: timedelta = timedelta(hours=1)
    team: str = ""


def stale_sources(sources: Sequence[SourceFacts], now: datetime, policy: FreshnessPolicy | None = None) -> Findings:
    """Return one alert for each source that fails or is silent; key `freshness:<source>`."""
    limits = policy or FreshnessPolicy()
    found = (_failing(each, now, limits) or _silent(each, now, limits) for each in sources)
    return Findings("freshness", tuple(alert for alert in found if alert is not None))


def allowed_silence(facts: SourceFacts, policy: FreshnessPolicy) -> timedelta:
    """Return how long the source may be silent."""
    if facts.limit is not None:
        return facts.limit
    if facts.habit is None:
        return policy.unknown
    return max(min(facts.habit * policy.habits, facts.habit + policy.beyond), policy.least)


def _failing(facts: SourceFacts, now: datetime, policy: FreshnessPolicy) -> Alert | None:
    if not facts.error:
        return None
    since = facts.failing_since or now
    if facts.permanent:
        text = f"Reading {facts.source} fails and will go on failing until someone acts: {facts.error}"
        return _alert(facts, policy, "critical", f"{facts.source} cannot be read", text, since)
    if now - since < policy.failing_for:
        return None
    text = f"Reading {facts.source} has failed since {minute(since)} and is tried again: {facts.error}"
    return _alert(facts, policy, "warning", f"{facts.source} fails", text, since)


def _silent(facts: SourceFacts, now: datetime, policy: FreshnessPolicy) -> Alert | None:
    since = facts.known_until or facts.configured_at
    allowed = allowed_silence(facts, policy)
    silent = now - since
    if silent <= allowed:
        return None
    severity: Severity = "critical" if silent > 3 * allowed else "warning"
    if facts.known_until is None:
        text = f"{facts.source} has brought nothing since it was configured at {minute(since)}."
    else:
        normal = f"silence up to {_span(allowed)} is normal for it"
        text = f"{facts.source} has brought nothing after {minute(since)}; {normal}."
    return _alert(facts, policy, severity, f"{facts.source} silent for {_span(silent)}", text, since)


def _alert(
    facts: SourceFacts, policy: FreshnessPolicy, severity: Severity, title: str, text: str, since: datetime
) -> Alert:
    return Alert(
        key=f"freshness:{facts.source}",
        kind="freshness",
        team=policy.team,
        severity=severity,
        title=title,
        summary=f"{text} No amount is known: costs in this time may be missing.",
        started_at=since,
        link="/health",
        facts={"source": facts.source, "known_until": "" if facts.known_until is None else minute(facts.known_until)},
    )


def _span(length: timedelta) -> str:
    """Write a length of time in its greatest whole unit."""
    for name, unit in (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1))):
        if length >= 2 * unit:
            return f"{length // unit} {name}"
    return "a minute"
