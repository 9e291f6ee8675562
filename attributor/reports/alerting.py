"""The alerts that stand, what is kept quiet, and what was learned: the report of the alerts page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from attributor.ledger.engine import reading
from attributor.ledger.feedback import Feedback, all_feedback
from attributor.ledger.silences import SetSilence, lasting_silences
from attributor.reports.open_alerts import OpenAlert, open_alerts

_SHOWN = 200


@dataclass(frozen=True)
class Alerting:
    """How alerts stand at `now` (aware UTC), of one team or kind where they are named.

    `alerts` are the worst and latest, at most 200; `more` counts the others. `learned` is what holds.
    """

    now: datetime
    team: str | None
    kind: str | None
    alerts: tuple[OpenAlert, ...]
    more: int
    silences: tuple[SetSilence, ...]
    learned: tuple[Feedback, ...]


def alerting(engine: Engine, now: datetime, team: str | None = None, kind: str | None = None) -> Alerting:
    """Read the report."""
    with reading(engine) as connection:
        found = [alert for alert in open_alerts(connection, team) if kind is None or alert.kind == kind]
    return Alerting(
        now=now,
        team=team,
        kind=kind,
        alerts=tuple(found[:_SHOWN]),
        more=max(len(found) - _SHOWN, 0),
        silences=lasting_silences(engine, now),
        learned=tuple(each for each in all_feedback(engine) if each.taken_back_at is None),
    )
