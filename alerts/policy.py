"""Who is told of what, how often, and what is kept quiet: the frozen form of `routes:` and of what people said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Literal

from alerts.alert import Alert
from alerts.amounts import shown, times
from alerts.calendar import QuietHours, Rounds

Lesson = Literal["not_a_problem", "planned"]
GREW = Decimal(2)
"""A pattern that was learned fires all the same where its amount is more than so many times what it was."""


@dataclass(frozen=True)
class Match:
    """Which alerts: every given column must match one of its globs; an empty column matches everything."""

    team: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()

    def takes(self, alert: Alert) -> bool:
        """Say whether the alert matches."""
        columns = ((self.team, alert.team), (self.severity, alert.severity), (self.kind, alert.kind))
        return all(not globs or any_glob(globs, value) for globs, value in columns)


@dataclass(frozen=True)
class Escalation:
    """After so long without anybody acknowledging an alert these channels are told of it too."""

    after: timedelta
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """Where matching alerts go. `repeat` is how often a channel is told again while nothing changed.

    `group_wait` holds a group's first message back so that others of the group can join it. Within hours that are
    `quiet` nothing is told. With a `digest` whatever came since the last of its moments is told at the next, in one
    message a team. `escalate` names who else is told, and when, as long as nobody acknowledges.
    """

    channels: tuple[str, ...]
    match: Match = Match()
    repeat: timedelta = timedelta(days=1)
    group_wait: timedelta = timedelta(0)
    escalate: tuple[Escalation, ...] = ()
    quiet: tuple[QuietHours, ...] = ()
    digest: Rounds | None = None


@dataclass(frozen=True)
class Silence:
    """Nothing is told of matching alerts in the half-open span [start, end) of aware UTC."""

    start: datetime
    end: datetime
    reason: str
    match: Match = Match()
    keys: tuple[str, ...] = ()
    """Globs over alert keys; empty matches every key."""

    def covers(self, alert: Alert, now: datetime) -> bool:
        """Say whether the alert is silenced now."""
        named = not self.keys or any_glob(self.keys, alert.key)
        return self.start <= now < self.end and named and self.match.takes(alert)


@dataclass(frozen=True)
class Learned:
    """What somebody said of a pattern: `not_a_problem`, or `planned` until a moment (aware UTC).

    `pattern` is a glob over keys. `amount` is what the alert amounted to then, None where it was unknown.
    """

    pattern: str
    lesson: Lesson
    by: str
    amount: Decimal | None = None
    currency: str = ""
    until: datetime | None = None

    def covers(self, alert: Alert, now: datetime) -> bool:
        """Say whether the alert is of that pattern, within its time, and no more than twice as large."""
        timely = self.until is None or now < self.until
        return timely and fnmatchcase(alert.key, self.pattern) and not self._outgrown(alert)

    def _outgrown(self, alert: Alert) -> bool:
        if self.amount is None or alert.amount is None or alert.currency != self.currency:
            return False
        return alert.amount > times(self.amount, GREW)

    @property
    def words(self) -> str:
        """Say what was learned, for people."""
        what = "not a problem" if self.until is None else f"planned until {self.until:%Y-%m-%d %H:%M} UTC"
        limit = "" if self.amount is None else f", up to {shown(times(self.amount, GREW), self.currency)}"
        return f"{what}, says {self.by}{limit}"


@dataclass(frozen=True)
class Policy:
    """The whole of it: the first route that matches an alert takes it.

    `following` names the channels that show how an alert stands, and so hear that it was acknowledged.
    """

    routes: tuple[Route, ...]
    silences: tuple[Silence, ...] = ()
    learned: tuple[Learned, ...] = ()
    following: frozenset[str] = frozenset()


def any_glob(globs: Sequence[str], value: str) -> bool:
    """Say whether one of the globs (`*`, `?`, case-sensitive) matches the value."""
    return any(fnmatchcase(value, glob) for glob in globs)
