"""Spend by the hour per team and service, as the detector of hours wants it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Engine

from alerts.detect.hourly import HOURS_REMEMBERED, SCANNED_HOURS, hourly_gate
from alerts.detect.hourly_spend import HourlySeries
from alerts.detect.spend_series import SpendPolicy
from attributor.config.settings import Price
from attributor.money import total
from attributor.periods import days_between, start_of
from attributor.watching.hourly import Read, hour_of
from attributor.watching.hourly_spend import as_text, hours_of_spend
from attributor.watching.known_days import KnownDays, known_days
from attributor.watching.priced_hours import priced_hours
from rules.ruleset import RuleSet
from rules.schema import ESTIMATES, IDLE, UNATTRIBUTED

_LATE = 2
"""Usage of so many newest hours may still come."""
_BEHIND = timedelta(days=3)
"""How far a bill may lag behind: so many days more are read than are remembered."""
_HOUR = 3600
_Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class _Hours:
    """The spend by the hour as columns: the number of each row's series and source, its hour since 1970, its cost."""

    keys: Sequence[tuple[str, str, str]]
    sources: Sequence[str]
    of_series: _Numbers
    of_source: _Numbers
    hour: _Numbers
    cost: pa.ChunkedArray


@dataclass(frozen=True)
class _Known:
    """Which days sources told of, which sources tell usage, and the newest hour of each source."""

    days: KnownDays
    by_usage: frozenset[str]
    until: _Numbers


@dataclass(frozen=True)
class Told:
    """From what spend by the hour is told: what is read, the rules and the prices in use."""

    engine: Engine
    read: Read
    ruleset: RuleSet
    prices: tuple[Price, ...] = ()


def hourly_series(
    told: Told, spent: Mapping[tuple[str, str], float], policy: SpendPolicy, now: datetime
) -> Iterator[HourlySeries]:
    """Yield the series whose newest hours cost enough to be told of at all; owners who are no team are left out.

    `spent` is what each team spends in a day, by team and currency. What usage is priced at is judged by its usage, on
    days that are billed already, too: the rest by bills. A series begins with its first cost, and ends with the newest
    hour that its sources told of anybody. An hour of a day that a source has a gap on is not known.
    """
    first = (now - timedelta(hours=HOURS_REMEMBERED) - _BEHIND).date()
    found = _columns(_by_usage_or_bill(told, first))
    if not found.hour.size:
        return
    with told.engine.connect() as connection:
        known = known_days(connection)
    until = _told_until(found)
    newest = _newest(found, until)
    gates = [hourly_gate(policy, spent.get((team, currency), 0.0) / 24).hour for team, _, currency in found.keys]
    by_usage = frozenset(source for source, _ in told.read.inputs.usage)
    seen = _Known(known, by_usage, until)
    for number in _worth_judging(found, newest, gates):
        yield _series(found, number, newest, seen)


def _by_usage_or_bill(told: Told, first: date) -> pa.Table:
    """Return the hours of priced usage, and of bills those of the other series; estimates are priced usage."""
    usage = as_text(priced_hours(told.read, told.ruleset, told.prices, first))
    billed = as_text(hours_of_spend(told.read, told.ruleset, first))
    billed = billed.filter(pc.invert(pc.ends_with(billed.column("source"), ESTIMATES)))
    series = ["team", "service", "currency"]
    others = billed.join(usage.select(series).group_by(series).aggregate([]), series, join_type="left anti")
    found = pa.concat_tables([usage, others.select(usage.schema.names)])
    return found.filter(pc.invert(pc.is_in(found.column("team"), pa.array([UNATTRIBUTED, IDLE]))))


def _columns(table: pa.Table) -> _Hours:
    """Number the series and the sources."""
    names = {}
    numbers = {}
    for name in ("team", "service", "currency", "source"):
        column = pc.dictionary_encode(table.column(name).combine_chunks())
        numbers[name] = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        names[name] = column.dictionary.to_pylist()
    services, currencies = (max(len(names[name]), 1) for name in ("service", "currency"))
    whole = (numbers["team"] * services + numbers["service"]) * currencies + numbers["currency"]
    there, of_series = np.unique(whole, return_inverse=True)
    keys = [
        (
            names["team"][each // currencies // services],
            names["service"][each // currencies % services],
            names["currency"][each % currencies],
        )
        for each in there.tolist()
    ]
    hour = table.column("hour").to_numpy().astype(np.int64)
    return _Hours(keys, names["source"], of_series, numbers["source"], hour, table.column("cost"))


def _newest(found: _Hours, until: _Numbers) -> _Numbers:
    """Return by series the newest hour that one of its sources told of, by any series."""
    newest = np.zeros(len(found.keys), dtype=np.int64)
    np.maximum.at(newest, found.of_series, until[found.of_source])
    return newest


def _told_until(found: _Hours) -> _Numbers:
    """Return the newest hour of each source."""
    newest = np.zeros(len(found.sources), dtype=np.int64)
    np.maximum.at(newest, found.of_source, found.hour)
    return newest


def _worth_judging(found: _Hours, newest: _Numbers, gates: Sequence[float]) -> list[int]:
    """Return the series of which a judged hour costs at least the excess that is worth telling."""
    first = int(found.hour.min())
    amounts = np.zeros((len(found.keys), int(newest.max()) - first + 1))
    np.add.at(amounts, (found.of_series, found.hour - first), found.cost.cast(pa.float64()).to_numpy())
    worth = []
    for number, gate in enumerate(gates):
        end = int(newest[number]) - first + 1
        if amounts[number, max(end - SCANNED_HOURS, 0) : end].max() >= gate:
            worth.append(number)
    return worth


def _series(found: _Hours, number: int, newest: _Numbers, known: _Known) -> HourlySeries:
    rows = np.flatnonzero(found.of_series == number)
    costs: dict[int, list[Decimal]] = {}
    for hour, cost in zip(found.hour[rows].tolist(), found.cost.take(pa.array(rows)).to_pylist(), strict=True):
        costs.setdefault(hour, []).append(cost)
    end = int(newest[number]) + 1
    first = max(min(hour for hour, of in costs.items() if any(of)), end - HOURS_REMEMBERED)
    sources = {found.sources[each]: int(known.until[each]) for each in set(found.of_source[rows].tolist())}
    gaps = {day for day in _days(first, end) if any(known.days.has_gap(source, day) for source in sources)}
    return HourlySeries(
        *found.keys[number],
        first=hour_of(first),
        costs=tuple(
            None if hour not in costs and hour_of(hour).date() in gaps else total(costs.get(hour, ()))
            for hour in range(first, end)
        ),
        settled=min(max(_complete_until(sources, known, otherwise=end) - first, 0), end - first),
    )


def _days(first: int, end: int) -> list[date]:
    return list(days_between(hour_of(first).date(), hour_of(end - 1).date() + timedelta(days=1)))


def _complete_until(sources: Mapping[str, int], known: _Known, otherwise: int) -> int:
    """Return the end of the hours that all the sources have told in full; `sources` are with the newest hour of each.

    Of usage the last hours may still come, of a bill the last day. A bill that has stalled is not waited for.
    """
    ends = [newest + 1 - _LATE for source, newest in sources.items() if source in known.by_usage]
    bills = [known.days.complete[source] for source in sources if source in known.days.complete]
    ends += [int(start_of(day + timedelta(days=1)).timestamp()) // _HOUR for day in bills]
    return min(ends, default=otherwise)
