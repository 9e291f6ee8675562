"""The quick look between cycles: what is pushed is priced and held against the usual, and told at once."""

import logging
from datetime import datetime, timedelta

from alerts.alert import Findings
from alerts.detect.policies.rules import HourCost
from alerts.detect.runaway import HISTORY, HOUR, runaway_spend, without_what_was_said
from attributor.app.wiring import App, open_duckdb
from attributor.watching.pushed import pushed_hours
from collectors.base import CollectError, Collector, SourceSettings
from collectors.push.collector import TYPE as PUSH

logger = logging.getLogger(__name__)
_RECENT = timedelta(days=1)
_AGAIN = timedelta(minutes=5)
"""What is unchanged is looked at again after this: alerts end when the hour that ran away is past."""


class QuickLook:
    """Remembers what was looked at, and the hours of the week before, which change no more."""

    def __init__(self) -> None:
        self._seen: tuple[str | None, datetime] | None = None
        self._week: tuple[datetime, tuple[HourCost, ...]] | None = None
        self._running: frozenset[str] = frozenset()

    def look(self, app: App) -> Findings | None:
        """Return who runs away now; None where nothing is pushed or priced, or nothing came since the last look."""
        push = next((source for source in app.settings.sources if source.type.name == PUSH.name), None)
        policy = app.settings.alerts.runaway
        if push is None or policy is None or not app.settings.prices:
            return None
        now = app.clock()
        # A collector of its own: the cycle's may be reading meanwhile.
        settings = SourceSettings(push.name, push.options, app.settings.folder, app.clock)
        collector = push.type.build(settings)
        try:
            revision = collector.revision()
            if self._seen is not None and self._seen[0] == revision and now < self._seen[1] + _AGAIN:
                return None
            recent = _priced(app, collector, (now - _RECENT, now))
            found = runaway_spend([*self._before(app, collector, now), *recent], now, policy)
            running = frozenset(alert.key for alert in found.alerts)
            if running - self._running and self._week is not None and self._week[0] < now:
                # What was usual may have been sent late: nobody is told of before it is read anew.
                self._week = None
                found = runaway_spend([*self._before(app, collector, now), *recent], now, policy)
        except CollectError as error:
            logger.warning("source %s: %s", push.name, error)
            return None
        self._seen, self._running = (revision, now), running
        return found

    def _before(self, app: App, collector: Collector, now: datetime) -> tuple[HourCost, ...]:
        """Return the hours of the days before those that are looked at each time; taken anew every hour."""
        if self._week is None or self._week[0] + HOUR <= now:
            last = now - _RECENT - timedelta(days=1)
            found = _priced(app, collector, (now - HISTORY, last))
            first_recent = (now - _RECENT).date()
            before = (hour for hour in found if hour.hour.date() < first_recent)
            self._week = now, tuple(without_what_was_said(before))
        return self._week[1]


def _priced(app: App, collector: Collector, span: tuple[datetime, datetime]) -> list[HourCost]:
    with open_duckdb() as connection:
        return pushed_hours(connection, collector, app.settings.prices, app.settings.ruleset, span)
