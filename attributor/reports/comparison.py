"""What of two periods can fairly be compared: of each source the days that it has told of in both."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false, not_, or_

from attributor.ledger.tables import rollup
from attributor.periods import Period, days_between

_Days = tuple[date, ...]


@dataclass(frozen=True)
class ComparedSource:
    """One source: the days of the period that are compared, and the days of the previous period beside them."""

    source: str
    days: _Days
    previous: _Days


@dataclass(frozen=True)
class ComparedSpan:
    """One source and the previous period's first and last day that changes compare with; None where there is none."""

    source: str
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Comparison:
    """What every change of a report compares with: days of `period`, the one before.

    `whole`: both periods as a whole; otherwise days of the same number, of each source those it has told of in both.
    """

    period: Period
    whole: bool
    sources: tuple[ComparedSpan, ...]

    @property
    def is_possible(self) -> bool:
        """Whether there is anything to compare with."""
        return any(span.first for span in self.sources)

    @property
    def begins(self) -> bool:
        """Whether the previous period is known from its first day on, of every source that it knows."""
        return self.is_possible and all(span.first == self.period.first for span in self.sources if span.first)

    @property
    def spans(self) -> frozenset[tuple[date, date]]:
        """The different spans of days that the sources are compared on."""
        return frozenset((span.first, span.last) for span in self.sources if span.first and span.last)

    @property
    def cut(self) -> tuple[ComparedSpan, ...]:
        """The sources whose comparison does not begin with the period."""
        return tuple(span for span in self.sources if span.first != self.period.first)


def compared_sources(known: Mapping[str, frozenset[date]], period: Period, today: date) -> tuple[ComparedSource, ...]:
    """Return what is compared of each source, by name; `today` never is, because it is not over.

    Two periods that a source has told of in full are compared as a whole, whatever their lengths.
    """
    return tuple(_compared(source, known[source], period, today) for source in sorted(known))


def _compared(source: str, known: frozenset[date], period: Period, today: date) -> ComparedSource:
    before = period.plus(-1)
    days, previous = tuple(days_between(period.first, period.end)), tuple(days_between(before.first, before.end))
    if period.end <= today and known.issuperset(days + previous):
        return ComparedSource(source, days, previous)
    pairs = [(day, other) for day, other in zip(days, previous, strict=False) if {day, other} <= known and day < today]
    return ComparedSource(source, tuple(day for day, _ in pairs), tuple(other for _, other in pairs))


def comparison(sources: Sequence[ComparedSource], period: Period) -> Comparison:
    """Return what a report says of its comparisons."""
    spans = tuple(
        ComparedSpan(each.source, each.previous[0], each.previous[-1])
        if each.previous
        else ComparedSpan(each.source, None, None)
        for each in sources
    )
    before = period.plus(-1)
    whole = all((len(each.days), len(each.previous)) == (period.days, before.days) for each in sources)
    return Comparison(before, bool(spans) and whole, spans)


@dataclass(frozen=True)
class Chosen:
    """Rows of the rollup by source and day: those on `days`, but for `left_out`, which are on `mixed` ones of them.

    Corrections of closed months are never chosen: they are of another time than the day that they were posted on.

    Every condition names its days first: so the database finds one team's rows by its index on day and team.
    """

    days: _Days
    mixed: _Days
    left_out: ColumnElement[bool]

    @property
    def rows(self) -> ColumnElement[bool]:
        """The rows that are chosen."""
        return and_(rollup.c.day.in_(self.days), not_(self.left_out))

    def others(self, days: Iterable[date]) -> ColumnElement[bool]:
        """The rows of these days that are not chosen."""
        wanted = [day for day in days if day not in self.days or day in self.mixed]
        return and_(rollup.c.day.in_(wanted), or_(rollup.c.day.not_in(self.mixed), self.left_out))


def chosen(days_by_source: Mapping[str, _Days], corrected: Collection[date]) -> Chosen:
    """Return the rows of each source on its days; `corrected` are days that corrections were posted on."""
    days = sorted({day for of_source in days_by_source.values() for day in of_source})
    sources_by_days: dict[_Days, list[str]] = {}
    for source, of_source in days_by_source.items():
        missing = tuple(day for day in days if day not in of_source)
        sources_by_days.setdefault(missing, []).append(source)
    mixed = {day for missing in sources_by_days for day in missing} | (set(days) & set(corrected))
    left_out = (
        and_(rollup.c.source.in_(sources), rollup.c.day.in_(missing))
        for missing, sources in sources_by_days.items()
        if missing
    )
    apart = (rollup.c.corrects != "",) if mixed.intersection(corrected) else ()
    return Chosen(tuple(days), tuple(sorted(mixed)), or_(false(), *apart, *left_out))
