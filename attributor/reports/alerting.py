"""The alerts that stand or stood, what is kept quiet, and what was learned: the report of the alerts page."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Engine

from attributor.ledger.engine import reading
from attributor.ledger.feedback import Feedback, all_feedback
from attributor.ledger.silences import SetSilence, lasting_silences
from attributor.reports.open_alerts import OpenAlert, noted_alerts, open_alerts, resolved_alerts

_SHOWN = 200
Standing = Literal["open", "firing", "acknowledged", "snoozed", "resolved", "noted"]
"""How alerts stand that are asked for: `open` is all that is neither resolved nor noted."""
STANDINGS: tuple[Standing, ...] = get_args(Standing)
_OVER = {"resolved", "noted"}


@dataclass(frozen=True)
class AlertsAsked:
    """Which alerts: of one team, kind or severity where they are named, and how they stand."""

    team: str | None = None
    kind: str | None = None
    severity: str | None = None
    status: Standing = "open"


@dataclass(frozen=True)
class Alerting:
    """How alerts stand at `now` (aware UTC), of one team, kind or severity where they are named.

    `alerts` are those of `status`: the worst and latest of what stands, the latest of what is over in the last 30 days;
    at most 200, `more` counts the others. `counts` are how many there are of each standing. `learned` is what holds.
    """

    now: datetime
    team: str | None
    kind: str | None
    severity: str | None
    status: Standing
    counts: Mapping[str, int]
    alerts: tuple[OpenAlert, ...]
    more: int
    silences: tuple[SetSilence, ...]
    learned: tuple[Feedback, ...]


def alerting(engine: Engine, now: datetime, asked: AlertsAsked) -> Alerting:
    """Read the report."""
    with reading(engine) as connection:
        standing = open_alerts(connection, asked.team)
        all_known = (*standing, *resolved_alerts(connection), *noted_alerts(connection, asked.team))
    meant = [alert for alert in all_known if _is_meant(alert, asked)]
    found = [alert for alert in meant if _stands(alert, asked.status)]
    counted = Counter(alert.status for alert in meant)
    opened = sum(count for status, count in counted.items() if status not in _OVER)
    return Alerting(
        now=now,
        team=asked.team,
        kind=asked.kind,
        severity=asked.severity,
        status=asked.status,
        counts={"open": opened, **{status: counted[status] for status in STANDINGS[1:]}},
        alerts=tuple(found[:_SHOWN]),
        more=max(len(found) - _SHOWN, 0),
        silences=lasting_silences(engine, now),
        learned=tuple(each for each in all_feedback(engine) if each.taken_back_at is None),
    )


def _is_meant(alert: OpenAlert, asked: AlertsAsked) -> bool:
    wanted = ((asked.team, alert.team), (asked.kind, alert.kind), (asked.severity, alert.severity))
    return all(value is None or value == found for value, found in wanted)


def _stands(alert: OpenAlert, status: Standing) -> bool:
    return alert.status == status or (status == "open" and alert.status not in _OVER)
