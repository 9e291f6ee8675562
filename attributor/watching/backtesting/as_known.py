"""A ledger of its own that holds what was known at a moment of the past, and learns more as the moment moves on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, false, func, insert, or_, select, update
from sqlalchemy import delete as delete_rows

from attributor.ledger.engine import reading, writing
from attributor.ledger.tables import (
    alert_feedback,
    collected,
    coverage,
    estimated_days,
    estimates,
    publications,
    restatements,
    rollup,
    silences,
    sources,
    unmatched_owners,
    unpriced_usage,
    usage_rollup,
)
from attributor.ledger.team_days import sum_team_days
from attributor.periods import start_of
from attributor.watching.backtesting.remembered import Remembered, copy, covered_until, remembered_days
from rules.schema import ESTIMATES

_BY_DAY = (usage_rollup, publications, unmatched_owners, estimated_days, estimates, unpriced_usage, collected)
_LONGEST_LAG = timedelta(days=5)


@dataclass
class AsKnown:
    """A scratch ledger beside the real one, which is only read.

    Costs of days that changed after they were first published are those that were known, from the hour on in which
    they were. Of everything else a source is taken to have told of each day as late as it tells now: `lags`, the time
    from the end of what it covers to its last reading. A day is known once it is over by that.
    """

    real: Engine
    scratch: Engine
    lags: Mapping[str, timedelta]
    remembered: Mapping[date, Remembered]
    known: dict[str, date] = field(default_factory=dict)
    noticed_until: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def move_to(self, now: datetime) -> None:
        """Learn what became known up to `now` (aware UTC), which moves forward only."""
        with reading(self.real) as old, writing(self.scratch) as new:
            ends = {source: (now - lag).date() for source, lag in self.lags.items()}
            for table in _BY_DAY:
                copy(old, new, table, self._newly_known(table, ends))
            unchanged = rollup.c.day.not_in(list(self.remembered))
            copy(old, new, rollup, self._newly_known(rollup, ends) & unchanged)
            told = [each.day for each in self.remembered.values() if each.tell(old, new, self.noticed_until, now)]
            days = new.scalars(select(rollup.c.day).where(self._newly_known(rollup, ends)).distinct())
            sum_team_days(new, {*days, *told})
            copy(old, new, restatements, _between(restatements.c.noticed_at, self.noticed_until, now))
            copy(old, new, silences, _between(silences.c.created_at, self.noticed_until, now))
            copy(old, new, alert_feedback, _between(alert_feedback.c.given_at, self.noticed_until, now))
            self._cover(old, new, now)
        self.known.update(ends)
        self.noticed_until = now

    def _newly_known(self, table: Table, ends: Mapping[str, date]) -> ColumnElement[bool]:
        parts = []
        for source, end in ends.items():
            of_source = table.c.source.in_([source, f"{source}{ESTIMATES}"])
            since = table.c.day >= self.known[source] if source in self.known else table.c.day.is_not(None)
            parts.append(and_(of_source, since, table.c.day < end))
        return or_(false(), *parts)

    def _cover(self, old: Connection, new: Connection, now: datetime) -> None:
        """Clip what sources cover, and let every source have been read just now."""
        new.execute(delete_rows(coverage))
        ends = covered_until(old, now)
        spans = [
            {"source": row.source, "start": row.start, "end": min(row.end, self._told(row.source, ends, now))}
            for row in old.execute(select(coverage))
            if row.source in self.lags
        ]
        spans = [span for span in spans if span["start"] < span["end"]]
        if spans:
            new.execute(insert(coverage), spans)
        new.execute(update(sources).values(tried_at=now, succeeded_at=now))

    def _told(self, source: str, ends: Mapping[str, datetime], now: datetime) -> datetime:
        """Days become known whole: what a source covers ends with the last of them, or with what is remembered."""
        by_lag = start_of((now - self.lags[source]).date())
        return max(by_lag, ends.get(source, by_lag))


def as_known(real: Engine, scratch: Engine) -> AsKnown:
    """Prepare a scratch ledger, whose tables exist and are empty, to replay a real one."""
    with reading(real) as old:
        ends = dict(old.execute(select(coverage.c.source, func.max(coverage.c.end)).group_by(coverage.c.source)).all())
        rows = [dict(row) for row in old.execute(select(sources)).mappings()]
    told = [row | {"error": None, "error_is_permanent": None, "failing_since": None} for row in rows]
    if told:
        with writing(scratch) as new:
            new.execute(insert(sources), told)
    lags = {row["source"]: _lag(row["succeeded_at"], ends.get(row["source"])) for row in rows}
    with reading(real) as old:
        remembered = remembered_days(old, lags)
    return AsKnown(real, scratch, lags, remembered)


def _lag(read: datetime | None, covered: datetime | None) -> timedelta:
    if read is None or covered is None:
        return timedelta(0)
    return min(max(read - covered, timedelta(0)), _LONGEST_LAG)


def _between(column: ColumnElement[Any], since: datetime, now: datetime) -> ColumnElement[bool]:
    return and_(column > since, column <= now)
