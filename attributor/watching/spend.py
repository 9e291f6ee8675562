"""Daily spend per team and service, as the anomaly detector wants it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Engine, select

from alerts.alert import Contributor, Findings
from alerts.detect.spend import HISTORY_DAYS, spend_anomalies
from alerts.detect.spend_series import SpendDay, SpendPolicy, SpendSeries
from attributor.ledger.tables import alerts, coverage, rollup
from attributor.money import total
from attributor.periods import days_between
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.watching.completeness import complete_days, estimated_until
from rules.schema import ESTIMATES, IDLE, UNATTRIBUTED

NOT_USAGE = ("Purchase", "Tax", "Credit", "Adjustment")
"""Charge categories that come by the calendar or by contract, not by what somebody ran."""
_DRIVER_DAYS = timedelta(days=15)
_Key = tuple[str, str, str]


@dataclass
class _Running:
    sources: set[str] = field(default_factory=set)
    costs: dict[date, list[Decimal]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Known:
    """What is known of the bills: by source the covered days, the first and the last of them, the last complete one.

    `estimated` is the last day whose estimate is complete, by the source of the bill that it stands for.
    """

    covered: Mapping[str, AbstractSet[date]]
    first: Mapping[str, date]
    last: Mapping[str, date]
    complete: Mapping[str, date]
    estimated: Mapping[str, date]

    def complete_through(self, sources: AbstractSet[str], otherwise: date) -> date:
        """Return the last day that all the sources have told in full; what is estimated does not wait for its bill."""
        ends = []
        for bill in {source.removesuffix(ESTIMATES) for source in sources}:
            known = [self.complete.get(bill), self.estimated.get(bill) if f"{bill}{ESTIMATES}" in sources else None]
            ends += [max(days)] if (days := [day for day in known if day is not None]) else []
        return min(ends, default=otherwise)

    def has_gap(self, source: str, day: date) -> bool:
        """Say whether the source told of days before and after this one, and not of this one."""
        if source not in self.covered:
            return False
        return self.first[source] < day < self.last[source] and day not in self.covered[source]


def spend_findings(engine: Engine, minimum: Decimal, now: datetime) -> Findings:
    """Judge every team's spend on every service; `minimum` is the excess worth telling, in each series' currency."""
    policy = SpendPolicy(floor=minimum)
    return spend_anomalies(spend_series(engine, now), now, policy, _standing(engine, now - policy.quiet))


def _standing(engine: Engine, since: datetime) -> list[str]:
    """Return the keys of the spend anomalies that fire, or did until lately: an episode keeps its key."""
    lately = (alerts.c.status != "resolved") | (alerts.c.resolved_at > since)
    query = select(alerts.c.key).where((alerts.c.kind == "spend_anomaly") & lately)
    with engine.connect() as connection:
        return list(connection.scalars(query))


def spend_series(engine: Engine, now: datetime) -> list[SpendSeries]:
    """Return a series for each owner, service and currency; owners who are no team are left out."""
    since = (now - timedelta(days=HISTORY_DAYS)).date()
    usage = rollup.c.category.not_in(NOT_USAGE) & IS_OWN
    kept = (rollup.c.day >= since) & usage & rollup.c.team.not_in([UNATTRIBUTED, IDLE])
    with engine.connect() as connection:
        known = _known(connection)
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


def _days(found: _Running, known: _Known) -> tuple[SpendDay, ...]:
    """Fill covered days without charges with 0 and leave out days that a source has a gap on: zero is not missing."""
    first = min([*found.costs, *(known.first[source] for source in found.sources if source in known.first)])
    last = max([*found.costs, *(known.last[source] for source in found.sources if source in known.last)])
    complete = known.complete_through(found.sources, otherwise=last)
    return tuple(
        SpendDay(day, total(found.costs.get(day, [])), day <= complete)
        for day in days_between(first, last + timedelta(days=1))
        if not any(known.has_gap(source, day) for source in found.sources)
    )


def _known(connection: Connection) -> _Known:
    covered: dict[str, set[date]] = {}
    for row in connection.execute(select(coverage)):
        last = (row.end - timedelta(microseconds=1)).date()
        covered.setdefault(row.source, set()).update(days_between(row.start.date(), last + timedelta(days=1)))
    return _Known(
        covered=covered,
        first={source: min(days) for source, days in covered.items()},
        last={source: max(days) for source, days in covered.items()},
        complete=complete_days(connection),
        estimated=estimated_until(connection),
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
