"""A clock that tests move, a log in a fresh folder, and events in few words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.base import SourceSettings
from collectors.push.collector import PushCollector
from collectors.push.fields import UsageEvent, microseconds
from collectors.push.log import EventLog, LogSettings

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def event() -> Callable[..., UsageEvent]:
    """Return an event of ten minutes ago with this id; `at` and other fields may be given."""

    def make(event_id: str, at: datetime = NOW - timedelta(minutes=10), **fields: Any) -> UsageEvent:
        known: dict[str, Any] = {
            "metric": "tokens.input",
            "pool": "gateway",
            "quantity": 1,
            "facts": {"team": "search"},
        }
        return UsageEvent(event_id, microseconds(at), **(known | fields))

    return make


@pytest.fixture
def open_log(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., EventLog]]:
    """Open the log of this test, with settings; what is still open at the end is closed."""
    opened: list[EventLog] = []

    def opener(**settings: Any) -> EventLog:
        opened.append(EventLog(tmp_path / "events", clock, replace(LogSettings(), **settings)))
        return opened[-1]

    yield opener
    for log in opened:
        log.close()


@pytest.fixture
def source(tmp_path: Path, clock: Clock) -> PushCollector:
    """The push source that reads the log of this test."""
    return PushCollector(SourceSettings("gateway-usage", {"path": "events"}, tmp_path, clock))
