"""Why the alert path decided as it did, kept so that people can ask later."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from alerts.ports import Decision
from attributor.ledger.tables import alert_decisions
from attributor.ledger.upsert import upsert

_PASSING = frozenset({"escalate", "silence", "group"})
"""Stages that decide at every pass, so that a decision they no longer take does not hold any more."""
_KEPT = timedelta(days=90)
"""A reason that nothing renewed for so long is of an alert that is long gone."""


@dataclass(frozen=True)
class Reason:
    """A decision, and since when (aware UTC) the stage decides so."""

    decision: Decision
    since: datetime


def keep_reasons(connection: Connection, decisions: Sequence[Decision], now: datetime) -> None:
    """Store the decisions that are not stored already, and those that stages took earlier stay until replaced."""
    table = alert_decisions.c
    known = {
        (row.subject, row.stage, row.channel): (row.verdict, row.reason)
        for row in connection.execute(select(table.subject, table.stage, table.channel, table.verdict, table.reason))
    }
    latest = {(each.subject, each.stage, each.channel): each for each in decisions}
    changed = [each for place, each in latest.items() if known.get(place) != (each.verdict, each.reason)]
    upsert(connection, alert_decisions, [_row(each, now) for each in changed])
    fires = {each.subject for each in decisions if each.stage == "follow" and each.verdict == "fires"}
    gone = [place for place in known if place not in latest and (place[1] in _PASSING or _unlearned(place, fires))]
    for subject, stage, channel in gone:
        at = (table.subject == subject) & (table.stage == stage) & (table.channel == channel)
        connection.execute(delete(alert_decisions).where(at))
    connection.execute(delete(alert_decisions).where(table.since < now - _KEPT))


def reasons_of(connection: Connection, subjects: Sequence[str]) -> tuple[Reason, ...]:
    """Return what was decided last about alerts and groups by these names."""
    query = select(alert_decisions).where(alert_decisions.c.subject.in_(subjects))
    return tuple(
        Reason(Decision(row.stage, row.subject, row.verdict, row.reason, row.channel), row.since)
        for row in connection.execute(query)
    )


def _unlearned(place: tuple[str, str, str], fires: AbstractSet[str]) -> bool:
    subject, stage, _ = place
    return stage == "learn" and subject in fires


def _row(decision: Decision, now: datetime) -> dict[str, object]:
    return {
        "subject": decision.subject,
        "stage": decision.stage,
        "channel": decision.channel,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "since": now,
    }
