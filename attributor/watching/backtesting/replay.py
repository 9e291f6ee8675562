"""History again: the daemon's own detectors and alert path over what was known then, with nothing sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from alerts.alert import AlertState
from alerts.channels.base import Accepted, Answer
from alerts.delivery import deliver
from alerts.ports import Message
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.watching.backtesting.as_known import AsKnown
from attributor.watching.watch import Watched, watch

_PASSES = 50


@dataclass(frozen=True)
class Steps:
    """When to look: from `since` every `every` up to `until` (aware UTC, inclusive)."""

    since: datetime
    until: datetime
    every: timedelta

    def __iter__(self) -> Iterator[datetime]:
        at = self.since
        while at <= self.until:
            yield at
            at += self.every


@dataclass(frozen=True)
class Fired:
    """An alert that would have fired: when it was first seen and ended, None while it goes on; amounts at its worst."""

    key: str
    kind: str
    team: str
    severity: str
    title: str
    fired_at: datetime
    resolved_at: datetime | None
    amount: Decimal | None
    currency: str


@dataclass(frozen=True)
class WeekOfMessages:
    """How many messages a channel would have had in a week, which begins on a Monday (aware UTC)."""

    channel: str
    week: datetime
    messages: int


@dataclass(frozen=True)
class Backtest:
    """What would have been told. `standing` are the keys of alerts that stood at the start already; they are not in it.

    `lags` is how late each source is taken to have told. `remembered` counts the days of which it is known what they
    came to before they changed.
    """

    since: datetime
    until: datetime
    every: timedelta
    fired: tuple[Fired, ...]
    messages: tuple[WeekOfMessages, ...]
    standing: tuple[str, ...]
    lags: Mapping[str, timedelta]
    remembered: int = 0


@dataclass
class _Heard:
    """A channel that takes every message and writes down when it came."""

    name: str
    at: list[datetime]
    now: datetime

    def send(self, message: Message) -> Answer:  # noqa: ARG002 - nothing is sent
        """Take it."""
        self.at.append(self.now)
        return Accepted()


def replay(known: AsKnown, watched: Watched, channels: Iterable[str], steps: Steps) -> Backtest:
    """Look at every step as the daemon would have, on the scratch ledger alone; `watched` is of that ledger."""
    log = LedgerAlertLog(known.scratch)
    heard = {name: _Heard(name, [], steps.since) for name in channels}
    before = steps.since - steps.every
    _look(known, watched, log, heard, before)
    standing = {key for key, state in log.states().items() if state.status != "resolved"}
    for channel in heard.values():
        channel.at.clear()
    fired: dict[tuple[str, datetime], Fired] = {}
    for now in steps:
        _look(known, watched, log, heard, now)
        for key, state in log.states().items():
            if key not in standing:
                _note(fired, state, now)
            elif state.status == "resolved":
                standing.discard(key)
    return Backtest(
        since=steps.since,
        until=steps.until,
        every=steps.every,
        fired=tuple(sorted(fired.values(), key=lambda each: (each.fired_at, each.team, each.key))),
        messages=tuple(_weeks(heard.values())),
        standing=tuple(sorted(standing)),
        lags=known.lags,
        remembered=len(known.remembered),
    )


def _look(known: AsKnown, watched: Watched, log: LedgerAlertLog, heard: Mapping[str, _Heard], now: datetime) -> None:
    known.move_to(now)
    watch(watched, log, now)
    for channel in heard.values():
        channel.now = now
    for _ in range(_PASSES):
        if not deliver(log, heard, lambda: now).attempts:
            return


def _note(fired: dict[tuple[str, datetime], Fired], state: AlertState, now: datetime) -> None:
    """Write down an alert's course; one that fires again after it ended is another."""
    alert, place = state.alert, (state.alert.key, state.first_seen)
    ended = state.resolved_at if state.status == "resolved" else None
    if place not in fired:
        if state.status != "resolved" and state.first_seen <= now:
            fired[place] = Fired(
                *(alert.key, alert.kind, alert.team, alert.severity, alert.title),
                *(state.first_seen, None, alert.amount, alert.currency),
            )
        return
    worst = max((each for each in (fired[place].amount, alert.amount) if each is not None), default=None)
    fired[place] = replace(fired[place], resolved_at=ended, amount=worst, severity=alert.severity)


def _weeks(heard: Iterable[_Heard]) -> Iterator[WeekOfMessages]:
    for channel in heard:
        counts: dict[datetime, int] = {}
        for at in channel.at:
            day = at.replace(hour=0, minute=0, second=0, microsecond=0)
            week = day - timedelta(days=day.weekday())
            counts[week] = counts.get(week, 0) + 1
        for week, count in sorted(counts.items()):
            yield WeekOfMessages(channel.name, week, count)
