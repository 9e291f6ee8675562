"""A run's JSON summary in words, and failed messages put together by what went wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from attributor.reports.health import DeliveryFailure, Run

Words = tuple[str, ...]


@dataclass(frozen=True)
class RunLine:
    """What a run did, what went wrong and what it warned of; `seconds` is None while it lasts."""

    started_at: datetime
    seconds: int | None
    done: str
    failures: Words
    warnings: Words


@dataclass(frozen=True)
class FailedDeliveries:
    """Messages that one channel did not take for one reason. `due_at` is the next try, None where all are given up."""

    channel: str
    state: str
    error: str
    count: int
    attempts: int
    teams: Words
    last: datetime
    due_at: datetime | None


def run_line(run: Run) -> RunLine:
    """Read a run's summary; one that is no JSON object of `jobs.work.cycle_document` is shown as it stands."""
    seconds = None if run.finished_at is None else round((run.finished_at - run.started_at).total_seconds())
    try:
        found = orjson.loads(run.summary or "null")
        done = _done(found) if found else ""
        failures = tuple(_failure(one["source"], one["error"]) for one in found["failures"]) if found else ()
        warnings = tuple(found["warnings"]) if found else ()
    except (orjson.JSONDecodeError, AttributeError, IndexError, KeyError, TypeError):
        return RunLine(run.started_at, seconds, run.summary or "", (), ())
    return RunLine(run.started_at, seconds, done, failures, warnings)


def _done(found: dict[str, Any]) -> str:
    changed = [source for source in found["sources"] if source["changed_days"]]
    rows = sum(source["rows"] for source in changed)
    corrected = len(found.get("corrected_days", ()))  # runs of before this was told have none
    parts = (
        (rows, f"{rows:,} rows of {', '.join(source['source'] for source in changed)}"),
        (len(found["attributed_days"]), f"{_counted(len(found['attributed_days']), 'day')} attributed"),
        (corrected, f"{_counted(corrected, 'day')} of closed months corrected"),
        *((count, f"{_counted(count, 'message')} {result}") for result, count in found["messages"].items()),
    )
    return "; ".join(text for count, text in parts if count) or "nothing new"


def _failure(source: str, error: str) -> str:
    return f"{source}: {error.removeprefix(f'{source}: ').splitlines()[0]}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else f'{noun}s'}"


def failed_deliveries(failures: Iterable[DeliveryFailure]) -> tuple[FailedDeliveries, ...]:
    """Put failures together by channel, state and reason; what was given up comes first, then the newest."""
    alike = attrgetter("channel", "state", "error")
    groups = [tuple(found) for _, found in groupby(sorted(failures, key=lambda one: str(alike(one))), key=alike)]
    lines = [_group(found) for found in groups]
    return tuple(sorted(lines, key=lambda line: (line.state != "failed", -line.last.timestamp(), line.channel)))


def _group(found: Sequence[DeliveryFailure]) -> FailedDeliveries:
    one = found[0]
    return FailedDeliveries(
        channel=one.channel,
        state=one.state,
        error=one.error or "",
        count=len(found),
        attempts=max(failure.attempts for failure in found),
        teams=tuple(sorted({failure.team for failure in found if failure.team})),
        last=max(failure.created_at for failure in found),
        due_at=min(failure.due_at for failure in found) if one.state == "pending" else None,
    )
