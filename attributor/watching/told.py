"""What sources told by the day, what they left out, and how far bills and usage agree, as the detectors want it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, select

from alerts.detect.agreement import ComparedDay
from alerts.detect.coverage_holes import CoveredSpans
from alerts.detect.vanished import ToldDaily
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import coverage, estimated_days, estimates, rollup, usage_rollup
from attributor.periods import days_between
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.watching.completeness import complete_days
from rules.schema import ESTIMATES

_HISTORY = timedelta(days=35)
_CAPACITY = "gpu.capacity_hours"
"""Of GPUs this is what never is zero; how busy they are may well be."""
_DAY = timedelta(days=1)
_Series = tuple[str, str, str]
Spans = Mapping[str, tuple[tuple[datetime, datetime], ...]]


def covered_spans(engine: Engine, names: Collection[str], now: datetime) -> tuple[CoveredSpans, ...]:
    """Return what each of the sources has covered lately."""
    with engine.connect() as connection:
        spans = _spans(connection, now)
    return tuple(CoveredSpans(source, found) for source, found in sorted(spans.items()) if source in names)


def told_daily(engine: Engine, names: Collection[str], now: datetime) -> list[ToldDaily]:
    """Return what each source told of each service, or of each metric, on the days that it told in full.

    A day that is not wholly covered is left out: missing is not zero.
    """
    first = (now - _HISTORY).date()
    with engine.connect() as connection:
        spans = _spans(connection, now)
        ends = dict(complete_days(connection))
        costs = _costs(connection, first)
        ends |= {source: _last_whole_day(found) for source, found in spans.items() if source not in ends}
        quantities = _quantities(connection, first)
    found = [*_series(costs, spans, ends, first), *_series(quantities, spans, ends, first)]
    return [each for each in found if each.source in names]


def compared_days(engine: Engine, now: datetime) -> list[ComparedDay]:
    """Return every service of a bill on the days whose bill took the estimate's place, with both amounts."""
    of_day = (estimates.c.source == estimated_days.c.source) & (estimates.c.day == estimated_days.c.day)
    keys = (estimates.c.source, estimates.c.service, estimates.c.currency, estimates.c.day)
    kept = (estimated_days.c.state == "billed") & (estimates.c.day >= (now - _HISTORY).date())
    query = select(*keys, *money_sums(estimates, "estimated"), *money_sums(estimates, "billed"))
    with engine.connect() as connection:
        rows = connection.execute(query.join(estimated_days, of_day).where(kept).group_by(*keys))
        return [
            ComparedDay(row.source, row.service, row.currency, row.day, joined(row[4], row[5]), joined(row[6], row[7]))
            for row in rows
        ]


def _spans(connection: Connection, now: datetime) -> Spans:
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    query = select(coverage).where(coverage.c.end > now - _HISTORY).order_by(coverage.c.source, coverage.c.start)
    for row in connection.execute(query):
        found.setdefault(row.source, []).append((row.start, row.end))
    return {source: tuple(spans) for source, spans in found.items()}


def _last_whole_day(spans: Iterable[tuple[datetime, datetime]]) -> date:
    return max(end for _, end in spans).date() - _DAY


def _costs(connection: Connection, first: date) -> dict[_Series, dict[date, Decimal]]:
    keys = (rollup.c.source, rollup.c.service, rollup.c.currency, rollup.c.day)
    kept = (rollup.c.day >= first) & (rollup.c.category == "Usage") & IS_OWN
    found: dict[_Series, dict[date, Decimal]] = {}
    for row in connection.execute(select(*keys, *cost_sums("effective")).where(kept).group_by(*keys)):
        if not row.source.endswith(ESTIMATES):
            found.setdefault((row.source, row.service, row.currency), {})[row.day] = amounts(row, 4)[0]
    return found


def _quantities(connection: Connection, first: date) -> dict[_Series, dict[date, Decimal]]:
    keys = (usage_rollup.c.source, usage_rollup.c.metric, usage_rollup.c.day)
    kept = (usage_rollup.c.day >= first) & (
        usage_rollup.c.metric.not_like("gpu.%") | (usage_rollup.c.metric == _CAPACITY)
    )
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(kept)
    found: dict[_Series, dict[date, Decimal]] = {}
    for row in connection.execute(query.group_by(*keys)):
        found.setdefault((row.source, row.metric, ""), {})[row.day] = joined(row[3], row[4])
    return found


def _series(
    told: Mapping[_Series, Mapping[date, Decimal]], spans: Spans, ends: Mapping[str, date], first: date
) -> list[ToldDaily]:
    whole = {
        source: [day for day in days_between(first, end + _DAY) if _is_covered(day, spans.get(source, ()))]
        for source, end in ends.items()
    }
    return [
        ToldDaily(*key, tuple((day, days.get(day, Decimal(0))) for day in whole.get(key[0], ()) if day >= min(days)))
        for key, days in sorted(told.items())
    ]


def _is_covered(day: date, spans: Iterable[tuple[datetime, datetime]]) -> bool:
    return any(start.date() <= day and (end - timedelta(microseconds=1)).date() >= day for start, end in spans)
