"""Which days each source of charges has told of: a day that a source has not told of is unknown, and not zero."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from attributor.ledger.tables import coverage, publications
from attributor.periods import Period, days_between, start_of
from rules.schema import ESTIMATES

OF_CHARGES = publications.c.charges_version >= 0
"""The condition that a publication is of charges: sources of usage are published too, with a version below 0."""

_DAY = timedelta(days=1)
_Days = tuple[date, date]


@dataclass(frozen=True)
class Told:
    """By source of charges, the days of a period and of the one before that it has told of; silent sources are absent.

    `through` is the period's last day with published charges and `since` the first day that any source has told of,
    None where there is none.
    """

    days: Mapping[str, frozenset[date]]
    since: date | None
    through: date | None


def told(connection: Connection, period: Period) -> Told:
    """Return what is known of a period and the one before; two small queries.

    A source without recorded coverage has told of the days from its first published one to its last. What was
    collected and is not published yet counts as not told.
    """
    published = _published(connection, period.end)
    newest = max((last for _, last in published.values()), default=period.first)
    covered = _covered(connection)
    asked = period.plus(-1).first, min(period.end, newest + _DAY)
    days = {
        source: frozenset(_within(asked, covered.get(source, [(first, last + _DAY)])))
        for source, (first, last) in published.items()
    }
    days = _with_estimates(days)
    through = newest if published and newest >= period.first else None
    since = min((day for found in days.values() for day in found if day >= period.first), default=None)
    return Told({source: found for source, found in days.items() if found}, since, through)


def _with_estimates(days: Mapping[str, frozenset[date]]) -> dict[str, frozenset[date]]:
    """Estimates and what they stand for are one bill: both are known on the days that the bill has told of.

    A day that counts by its estimate is not told of: the rest of its bill is missing.
    """
    bills = {source: source.removesuffix(ESTIMATES) for source in days}
    return {source: days.get(bill, days[source]) for source, bill in bills.items()}


def _published(connection: Connection, end: date) -> dict[str, _Days]:
    day = publications.c.day
    query = select(publications.c.source, func.min(day), func.max(day)).where(OF_CHARGES, day < end)
    return {row[0]: (row[1], row[2]) for row in connection.execute(query.group_by(publications.c.source))}


def _covered(connection: Connection) -> dict[str, list[_Days]]:
    """Return the whole days of each source's spans, as [first, end)."""
    found: dict[str, list[_Days]] = {}
    for row in connection.execute(select(coverage)):
        found.setdefault(row.source, []).append((_next_midnight(row.start), row.end.date()))
    return found


def _next_midnight(instant: datetime) -> date:
    day = instant.date()
    return day if instant == start_of(day) else day + _DAY


def _within(asked: _Days, spans: Iterable[_Days]) -> Iterator[date]:
    for first, end in spans:
        yield from days_between(max(first, asked[0]), min(end, asked[1]))
