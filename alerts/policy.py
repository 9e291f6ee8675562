"""Who is told of what, how often, and what is kept quiet: the frozen form of `routes:`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from alerts.alert import Alert


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
class Route:
    """Where matching alerts go. `repeat` is how often a channel is told again while nothing changed.

    `group_wait` holds a group's first message back so that others of the group can join it.
    """

    channels: tuple[str, ...]
    match: Match = Match()
    repeat: timedelta = timedelta(days=1)
    group_wait: timedelta = timedelta(0)


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
class Policy:
    """The whole of it: the first route that matches an alert takes it."""

    routes: tuple[Route, ...]
    silences: tuple[Silence, ...] = ()


def any_glob(globs: Sequence[str], value: str) -> bool:
    """Say whether one of the globs (`*`, `?`, case-sensitive) matches the value."""
    return any(fnmatchcase(value, glob) for glob in globs)
