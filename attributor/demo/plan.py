"""What the demo is asked for, what it answers, and what it plants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

COMPANY = "Lumen Forge"
FEWEST_DAYS = 10

Progress = Callable[[str, int, int], None]
"""Told of every step: what is being written, how many steps are done, and how many there are."""


def untold(step: str, done: int, steps: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class DemoPlan:
    """How much to write, as seen at `now` (aware UTC).

    Bills are complete through yesterday, usage through the last full hour. The same plan gives the same bytes.
    `charges` is met exactly, but never below one charge a day for everything that the company runs.
    Raises ValueError where a number makes no company.
    """

    now: datetime
    days: int = 75
    charges: int = 20_000
    seed: int = 7

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("now must be an aware time")
        if self.days < FEWEST_DAYS:
            raise ValueError(f"days = {self.days}: at least {FEWEST_DAYS} days are needed to plant the incidents")
        if self.charges < 1 or self.seed < 0:
            raise ValueError("charges must be at least 1 and seed at least 0")

    @property
    def today(self) -> date:
        """The UTC day of `now`, not yet billed."""
        return self.now.astimezone(UTC).date()

    @property
    def first(self) -> date:
        """The first day billed."""
        return self.today - timedelta(days=self.days)

    @property
    def start(self) -> datetime:
        """Midnight UTC of the first day."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def hours(self) -> int:
        """How many full hours have passed since `start`: what usage covers."""
        return int((self.now.astimezone(UTC) - self.start) / timedelta(hours=1))

    def hour(self, index: int) -> datetime:
        """Return the start of the hour so many hours after `start`."""
        return self.start + timedelta(hours=index)


@dataclass(frozen=True)
class Incident:
    """One thing planted: `alert` is the kind of alert that should tell of it.

    `amount` is in USD: what it costs above the ordinary, up to `now`. `days` are UTC days, the first and the last.
    """

    id: str
    alert: str
    team: str
    service: str
    days: tuple[date, date]
    started_at: datetime
    amount: Decimal
    summary: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoReport:
    """What was written below `folder`: charges by bill, rows of usage by file family, and what was planted."""

    folder: Path
    charges: Mapping[str, int]
    usage: Mapping[str, int]
    incidents: tuple[Incident, ...]
