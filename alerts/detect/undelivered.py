"""Statements that could not be delivered: by destination, with the reason, until they are taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import Alert, Contributor, Severity
from alerts.detect.presenting import minute

_FAILING_FOR = timedelta(hours=1)
_TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True)
class FailedStatement:
    """A statement of a month ("2026-10") that a destination did not take, or not for everybody, and why.

    `since` is its first failure, or when it was sent in part; aware UTC. `is_sent` is what was taken all the same.
    """

    destination: str
    month: str
    owner: str
    error: str
    since: datetime
    is_permanent: bool = False
    is_sent: bool = False


def undelivered(statements: Sequence[FailedStatement], now: datetime) -> Iterator[Alert]:
    """Yield an alert for each destination; key `delivery:<destination>`.

    A failure that may pass is told after an hour, one that only a person can mend at once; what was taken but for some
    of those it was for, for a week.
    """
    told: dict[str, list[FailedStatement]] = {}
    for each in statements:
        if _is_told(each, now):
            told.setdefault(each.destination, []).append(each)
    yield from (_alert(destination, found) for destination, found in sorted(told.items()))


def _is_told(statement: FailedStatement, now: datetime) -> bool:
    if statement.is_sent:
        return now - statement.since < _TOLD_FOR
    return statement.is_permanent or now - statement.since >= _FAILING_FOR


def _alert(destination: str, found: Sequence[FailedStatement]) -> Alert:
    waiting = [each for each in found if not each.is_sent]
    first = min(waiting or found, key=lambda each: (not each.is_permanent, each.since))
    what = "1 statement" if len(found) == 1 else f"{len(found)} statements"
    severity: Severity = "critical" if first.is_permanent else "warning"
    if not waiting:
        text = "Sent, but refused for some of those it was for"
    elif first.is_permanent:
        text = "It fails until someone acts, and is tried again once a day"
    else:
        text = f"It has failed since {minute(first.since)} and is tried again"
    return Alert(
        key=f"delivery:{destination}",
        kind="freshness",
        team="",
        severity=severity,
        title=f"Delivery failed: {what} to {destination}",
        summary=f"{text}: {first.error}",
        started_at=min(each.since for each in found),
        contributors=tuple(
            Contributor(f"{each.owner}, {each.month}", None, each.error)
            for each in sorted(found, key=lambda each: (each.month, each.owner))
        ),
        link="/statements",
        facts={"destination": destination},
    )
