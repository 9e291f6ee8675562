"""Published days, opened again as they were: by the rules and the lake versions that they were published by."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache

import duckdb
from sqlalchemy import Engine, select

from attributor.attributing.days import DayReading, WholeMonth, open_day, open_usage, usage_for
from attributor.attributing.inputs import Inputs, read_inputs
from attributor.attributing.kept_months import KeptMonths
from attributor.attributing.months import whole_month
from attributor.lake.lake import Lake
from attributor.ledger.collected import CollectedDay
from attributor.ledger.corrections import DayState
from attributor.ledger.publications import Publication, publications
from attributor.ledger.tables import rule_sets
from attributor.ledger.versions import Versions
from attributor.periods import Month, days_between, month_of, start_of
from collectors.base import Window
from rules.attribute import DayTables
from rules.load import restore
from rules.ruleset import RuleSet

Published = Mapping[tuple[str, date], Publication]


@dataclass(frozen=True)
class Archive:
    """Where published days are read from; `months` are those that were read before, by whoever keeps them."""

    engine: Engine
    lake: Lake
    connection: duckdb.DuckDBPyConnection
    months: KeptMonths = field(default_factory=KeptMonths, repr=False, compare=False)


@dataclass(frozen=True)
class ReplayedDay:
    """One published UTC day: its rules, and its charges and usage in the archive's connection."""

    day: date
    ruleset: RuleSet
    tables: DayTables


def replay(archive: Archive, days: Sequence[date], *, counts: bool = False) -> Iterator[ReplayedDay]:
    """Open published days in their order, each until the next is asked for; `counts` as in `DayReading`."""
    if not days:
        return
    published = _published_of_months(archive.engine, min(days), max(days) + timedelta(days=1))
    inputs = as_published(archive.engine, published)
    lake = replace(archive.lake, known={})
    versions = _versions(published, inputs)

    @cache
    def reading_by(digest: str) -> DayReading:
        return DayReading(
            lake, archive.connection, restored(archive.engine, digest), inputs, counts=counts, whole_charges=True
        )

    def whole_by(month: Month, digest: str) -> WholeMonth:
        def read() -> WholeMonth:
            reading = reading_by(digest)
            whole, _ = whole_month(reading, open_usage(reading, usage_for(reading, [month.first])), month)
            return whole

        return archive.months.of((month, digest, versions[month]), read)

    for day in days:
        publication = next(found for (_, of), found in published.items() if of == day)
        reading = reading_by(publication.rules_digest)
        whole = whole_by(month_of(day), publication.rules_digest)
        usage = open_usage(reading, _usage_days(publication), ("x_Origin",))
        yield ReplayedDay(day, reading.ruleset, open_day(reading, usage, day, whole))


def replay_corrected(archive: Archive, days: Sequence[tuple[date, DayState]]) -> Iterator[ReplayedDay]:
    """Open days of closed months in their order, each as it was attributed once, until the next is asked for."""
    lake, coverage = replace(archive.lake, known={}), read_inputs(archive.engine).coverage

    @cache
    def rules_by(digest: str) -> RuleSet:
        return restored(archive.engine, digest)

    for day, state in days:
        inputs = Inputs(_pinned(state.charges_versions), _pinned(state.usage_versions), coverage)
        reading = DayReading(
            lake, archive.connection, rules_by(state.rules_digest), inputs, counts=True, whole_charges=True
        )
        whole, _ = whole_month(reading, open_usage(reading, usage_for(reading, [day])), month_of(day))
        usage = open_usage(reading, _whole_days(day, state.usage_start, state.usage_end))
        yield ReplayedDay(day, reading.ruleset, open_day(reading, usage, day, whole))


def _usage_days(publication: Publication) -> Window:
    """Return the whole days of usage that the day was attributed from."""
    return _whole_days(publication.day, publication.source.usage_start, publication.source.usage_end)


def _whole_days(day: date, start: datetime | None, end: datetime | None) -> Window:
    if start is None or end is None:
        return Window(start_of(day), start_of(day))
    return Window(start_of(start.date()), start_of(end.date() + timedelta(days=1)))


def _versions(published: Published, inputs: Inputs) -> Mapping[Month, Hashable]:
    """Return what the months that were published lean on: the versions of all that is read of each."""
    usage = tuple(sorted((source, day, found.version) for (source, day), found in inputs.usage.items()))
    coverage = tuple(sorted((source, spans) for source, spans in inputs.coverage.items()))
    charges: dict[Month, list[tuple[str, date, int]]] = {}
    for (source, day), found in published.items():
        charges.setdefault(month_of(day), []).append((source, day, found.source.charges_version))
    return {month: (tuple(sorted(of)), usage, coverage) for month, of in charges.items()}


def _pinned(versions: Versions) -> dict[tuple[str, date], CollectedDay]:
    return {
        (source, day): CollectedDay(version, "", 1)
        for source, days in versions.items()
        for day, version in days.items()
    }


def _published_of_months(engine: Engine, first: date, end: date) -> Published:
    """Return what is published of every month touched: a rule may lean on a charge's whole month."""
    days = days_between(month_of(first).first, month_of(end).end)
    return publications(engine, list(days))


def as_published(engine: Engine, published: Published) -> Inputs:
    """Return the inputs at the versions that the publications name."""
    charges = {
        key: CollectedDay(found.source.charges_version, found.source.inputs_digest, 1)
        for key, found in published.items()
        if found.source.charges_version >= 0
    }
    usage: dict[tuple[str, date], CollectedDay] = {}
    for found in published.values():
        usage |= _pinned(found.source.usage_versions)
    return Inputs(charges, usage, read_inputs(engine).coverage)


def restored(engine: Engine, digest: str) -> RuleSet:
    """Return the rule set of a digest that a published day names, under that name: earlier programs chose others."""
    with engine.connect() as connection:
        text = connection.execute(select(rule_sets.c.text).where(rule_sets.c.digest == digest)).scalar_one()
    return replace(restore(text), digest=digest)
