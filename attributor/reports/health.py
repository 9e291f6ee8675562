"""How the daemon itself stands: sources, deliveries that fail, and its last runs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, func, or_, select

from attributor.ledger.tables import leases, outbox, runs
from attributor.reports.freshness import SourceFreshness, source_freshness
from attributor.reports.open_alerts import NO_TEAM, OpenAlert, open_alerts

_SHOWN = 50


@dataclass(frozen=True)
class DeliveryFailure:
    """A message that failed for good, or was tried at least once and waits for `due_at`."""

    channel: str
    team: str
    kind: str
    state: str
    attempts: int
    error: str | None
    created_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Run:
    """One run of the daemon; `finished_at` None while it lasts, or where it was killed."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    summary: str | None


@dataclass(frozen=True)
class Lease:
    """Who leads; a lease past `expires_at` is free to take."""

    name: str
    holder: str
    epoch: int
    expires_at: datetime


@dataclass(frozen=True)
class Health:
    """Everything the health page says, at `now` (aware UTC). Runs and failures: the newest, at most 50.

    `alerts` are the open ones that are about no team: a source that fell silent, a day that came again.
    """

    now: datetime
    not_ready: tuple[str, ...]
    sources: tuple[SourceFreshness, ...]
    alerts: tuple[OpenAlert, ...]
    failures: tuple[DeliveryFailure, ...]
    pending: int
    runs: tuple[Run, ...]
    leases: tuple[Lease, ...]


def health(engine: Engine, now: datetime, not_ready: tuple[str, ...] = ()) -> Health:
    """Read the health report; `not_ready` is why the daemon is not ready, in words."""
    with engine.connect() as connection:
        return Health(
            now=now,
            not_ready=not_ready,
            sources=source_freshness(connection, now),
            alerts=open_alerts(connection, NO_TEAM),
            failures=_failures(connection),
            pending=connection.scalar(select(func.count()).where(outbox.c.state == "pending")) or 0,
            runs=_runs(connection),
            leases=_leases(connection),
        )


def _failures(connection: Connection) -> tuple[DeliveryFailure, ...]:
    failing = or_(outbox.c.state == "failed", and_(outbox.c.state == "pending", outbox.c.attempts > 0))
    query = select(outbox).where(failing).order_by(outbox.c.created_at.desc(), outbox.c.id).limit(_SHOWN)
    return tuple(
        DeliveryFailure(
            channel=row.channel,
            team=row.team,
            kind=row.kind,
            state=row.state,
            attempts=row.attempts,
            error=row.error,
            created_at=row.created_at,
            due_at=row.due_at,
        )
        for row in connection.execute(query)
    )


def _runs(connection: Connection) -> tuple[Run, ...]:
    query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id).limit(_SHOWN)
    return tuple(Run(row.id, row.started_at, row.finished_at, row.summary) for row in connection.execute(query))


def _leases(connection: Connection) -> tuple[Lease, ...]:
    query = select(leases).order_by(leases.c.name)
    return tuple(Lease(row.name, row.holder, row.epoch, row.expires_at) for row in connection.execute(query))
