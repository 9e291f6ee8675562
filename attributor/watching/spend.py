"""Daily spend per team and service, as the anomaly detector wants it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Engine, select

from alerts.alert import Contributor
from alerts.detect.spend import HISTORY_DAYS
from alerts.detect.spend_series import SpendDay, SpendSeries
from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.periods import days_between
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.watching.known_days import KnownDays, known_days
from rules.schema import IDLE, UNATTRIBUTED

NOT_USAGE = ("Purchase", "Tax", "Credit", "Adjustment")
"""Charge categories that come by the calendar or by contract, not by what somebody ran."""
_DRIVER_DAYS = timedelta(days=15)
_Key = tuple[str, str, str]


@dataclass
class _Running:
    sources: set[str] = field(default_factory=set)
    costs: dict[date, list[Decimal]] = field(default_factory=dict)


def spend_series(engine: Engine, now: datetime) -> list[SpendSeries]:
    """Return a series for each owner, service and currency; owners who are no team are left out."""
    since = (now - timedelta(days=HISTORY_DAYS)).date()
    usage = rollup.c.category.not_in(NOT_USAGE) & IS_OWN
    kept = (rollup.c.day >= since) & usage & rollup.c.team.not_in([UNATTRIBUTED, IDLE])
    with engine.connect() as connection:
        known = known_days(connection)
        running = _by_series(connection, kept)
        drivers = _drivers(connection, kept & (rollup.c.day >= (now - _DRIVER_DAYS).date()))
    return [
        SpendSeries(
            team=key[0],
            service=key[1],
            currency=key[2],
            source_since=min((known.first[source] for source in found.sources if source in known.first), default=None),
            days=_days(found, known),
            drivers=drivers.get(key, {}),
        )
        for key, found in sorted(running.items())
    ]


def _by_series(connection: Connection, kept: ColumnElement[bool]) -> dict[_Key, _Running]:
    keys = (rollup.c.team, rollup.c.service, rollup.c.currency, rollup.c.source, rollup.c.day)
    running: dict[_Key, _Running] = {}
    for row in connection.execute(select(*keys, *cost_sums("effective")).where(kept).group_by(*keys)):
        found = running.setdefault((row[0], row[1], row[2]), _Running())
        found.sources.add(row.source)
        found.costs.setdefault(row.day, []).append(amounts(row, 5)[0])
    return running


def _days(found: _Running, known: KnownDays) -> tuple[SpendDay, ...]:
    """Fill covered days without charges with 0 and leave out days that a source has a gap on: zero is not missing."""
    first = min([*found.costs, *(known.first[source] for source in found.sources if source in known.first)])
    last = max([*found.costs, *(known.last[source] for source in found.sources if source in known.last)])
    complete = known.complete_through(found.sources, otherwise=last)
    return tuple(
        SpendDay(day, total(found.costs.get(day, [])), day <= complete)
        for day in days_between(first, last + timedelta(days=1))
        if not any(known.has_gap(source, day) for source in found.sources)
    )


def _drivers(connection: Connection, recent: ColumnElement[bool]) -> dict[_Key, dict[date, tuple[Contributor, ...]]]:
    keys = (rollup.c.team, rollup.c.service, rollup.c.currency, rollup.c.day)
    parts = (rollup.c.project, rollup.c.model, rollup.c.account)
    found: dict[_Key, dict[date, list[Contributor]]] = {}
    for row in connection.execute(select(*keys, *parts, *cost_sums("effective")).where(recent).group_by(*keys, *parts)):
        label = " · ".join(part for part in row[4:7] if part) or row.service
        of_series = found.setdefault((row.team, row.service, row.currency), {})
        of_series.setdefault(row.day, []).append(Contributor(label, amounts(row, 7)[0]))
    return {
        key: {day: tuple(sorted(rows, key=lambda each: -(each.amount or Decimal(0)))) for day, rows in days.items()}
        for key, days in found.items()
    }
