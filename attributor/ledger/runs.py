"""What each run of the daemon, or of `attributor run`, did."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from attributor.ledger.engine import reading, writing
from attributor.ledger.tables import runs


@dataclass(frozen=True)
class Run:
    """One run; `finished_at` and `summary` are None while it goes on, and for ever where it was killed."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    summary: Mapping[str, Any] | None


def start_run(engine: Engine, now: datetime) -> str:
    """Note that a run began; return its id."""
    run_id = str(uuid.uuid4())
    with writing(engine) as connection:
        connection.execute(insert(runs).values(id=run_id, started_at=now))
    return run_id


def finish_run(engine: Engine, run_id: str, summary: Mapping[str, Any], now: datetime) -> None:
    """Note what a run did; `summary` is what JSON can hold, amounts as decimal strings."""
    values = {"finished_at": now, "summary": json.dumps(summary, sort_keys=True)}
    with writing(engine) as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(values))


def latest_runs(engine: Engine, limit: int = 20) -> tuple[Run, ...]:
    """Return the runs that began last, the newest first."""
    query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id).limit(limit)
    with reading(engine) as connection:
        return tuple(
            Run(row.id, row.started_at, row.finished_at, None if row.summary is None else json.loads(row.summary))
            for row in connection.execute(query)
        )


def forget_runs(engine: Engine, before: datetime) -> None:
    """Delete runs that began before then (aware UTC)."""
    with writing(engine) as connection:
        connection.execute(delete(runs).where(runs.c.started_at < before))
