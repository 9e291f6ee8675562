"""The only publisher: what readers see of a day changes here, in one transaction, or not at all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy import Connection, Engine, Row, Table, delete, select

from attributor.ledger.bulk import insert_arrow, merged
from attributor.ledger.costs_as_known import note_change
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease, hold
from attributor.ledger.published_rows import (
    ROLLUP,
    TAG_COMPLIANCE,
    UNMATCHED_OWNERS,
    USAGE_BY_FACT,
    USAGE_HOURS,
    USAGE_ROLLUP,
)
from attributor.ledger.statements import ClosingChangedError, closed_in
from attributor.ledger.tables import publications as published
from attributor.ledger.tables import (
    rollup,
    rule_sets,
    tag_compliance,
    unmatched_owners,
    usage_by_fact,
    usage_hours,
    usage_rollup,
)
from attributor.ledger.team_days import sum_team_days
from attributor.ledger.upsert import insert_new, upsert
from attributor.ledger.versions import Versions, versions_as_json, versions_from_json
from attributor.periods import month_of


@dataclass(frozen=True)
class SourcePublication:
    """The lake versions and the inputs of one source's charges of a day.

    [usage_start, usage_end) is the usage that was read, both None where there was none to read. `day_rules` is a digest
    of what the rules say of the day, `inputs_digest` of that and of everything that was read.
    """

    source: str
    charges_version: int
    allocations_version: int
    usage_versions: Versions
    usage_start: datetime | None
    usage_end: datetime | None
    inputs_digest: str
    day_rules: str


@dataclass(frozen=True)
class RuleSetText:
    """The teams and rules that a day was attributed by."""

    digest: str
    text: str


@dataclass(frozen=True)
class DayPublication:
    """One UTC day as readers shall see it, whole: a source that is not among `sources` has nothing on that day.

    `rollup`, `usage`, `hours`, `said`, `unmatched` and `tags` have the schemas of `attributor.ledger.published_rows`.
    """

    day: date
    rules: RuleSetText
    sources: tuple[SourcePublication, ...]
    rollup: pa.Table
    usage: pa.Table
    unmatched: pa.Table
    tags: pa.Table = field(default_factory=TAG_COMPLIANCE.empty_table)
    hours: pa.Table = field(default_factory=USAGE_HOURS.empty_table)
    said: pa.Table = field(default_factory=USAGE_BY_FACT.empty_table)


@dataclass(frozen=True)
class Publication:
    """One published source and day, as it was written, under which epoch, and when (aware UTC)."""

    day: date
    source: SourcePublication
    rules_digest: str
    epoch: int
    published_at: datetime


def publications(engine: Engine, days: Collection[date] | None = None) -> Mapping[tuple[str, date], Publication]:
    """Return what is published, by source and day: of these UTC days, or of all."""
    query = select(published).order_by(published.c.day, published.c.source)
    if days is not None:
        query = query.where(published.c.day.in_(days))
    with reading(engine) as connection:
        return {(row.source, row.day): _publication(row) for row in connection.execute(query)}


def publish_day(engine: Engine, lease: Lease, publication: DayPublication, now: datetime) -> None:
    """Put a day in the place of what was published of it, in one transaction; corrections posted on it stay.

    What it came to before is noted where that was something else.

    Raises LeaseLostError where another leader took over, ClosingChangedError where the day's month was closed,
    ValueError where a table has another schema; then nothing was written.
    """
    with writing(engine) as connection:
        hold(connection, lease)
        if month_of(publication.day) in closed_in(connection):
            raise ClosingChangedError(publication.day)
        rows = _checked(publication.rollup, ROLLUP)
        note_change(connection, publication.day, rows, now)
        rules = {"digest": publication.rules.digest, "text": publication.rules.text, "first_used_at": now}
        insert_new(connection, rule_sets, [rules])
        _publish_sources(connection, lease, publication, now)
        own = (rollup.c.day == publication.day) & (rollup.c.corrects == "")
        connection.execute(delete(rollup).where(own))
        insert_arrow(connection, rollup, rows, {"day": publication.day})
        sum_team_days(connection, (publication.day,))
        _replace_rows(connection, usage_rollup, _checked(publication.usage, USAGE_ROLLUP), publication.day)
        _replace_rows(connection, usage_hours, _checked(publication.hours, USAGE_HOURS), publication.day)
        _replace_rows(connection, usage_by_fact, _checked(publication.said, USAGE_BY_FACT), publication.day)
        unmatched = merged(_checked(publication.unmatched, UNMATCHED_OWNERS), unmatched_owners, "effective")
        _replace_rows(connection, unmatched_owners, unmatched, publication.day)
        _replace_rows(connection, tag_compliance, _checked(publication.tags, TAG_COMPLIANCE), publication.day)


def _replace_rows(connection: Connection, table: Table, rows: pa.Table, day: date) -> None:
    connection.execute(delete(table).where(table.c.day == day))
    insert_arrow(connection, table, rows, {"day": day})


def _publish_sources(connection: Connection, lease: Lease, publication: DayPublication, now: datetime) -> None:
    vanished = published.c.source.not_in([source.source for source in publication.sources])
    connection.execute(delete(published).where(published.c.day == publication.day, vanished))
    rows = [
        {
            "source": source.source,
            "day": publication.day,
            "charges_version": source.charges_version,
            "allocations_version": source.allocations_version,
            "usage_versions": versions_as_json(source.usage_versions),
            "usage_start": source.usage_start,
            "usage_end": source.usage_end,
            "rules_digest": publication.rules.digest,
            "inputs_digest": source.inputs_digest,
            "day_rules": source.day_rules,
            "epoch": lease.epoch,
            "published_at": now,
        }
        for source in publication.sources
    ]
    upsert(connection, published, rows)


def _checked(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return rows.select(schema.names).cast(schema)


def _publication(row: Row[tuple[object, ...]]) -> Publication:
    source = SourcePublication(
        source=row.source,
        charges_version=row.charges_version,
        allocations_version=row.allocations_version,
        usage_versions=versions_from_json(row.usage_versions),
        usage_start=row.usage_start,
        usage_end=row.usage_end,
        inputs_digest=row.inputs_digest,
        day_rules=row.day_rules,
    )
    return Publication(row.day, source, row.rules_digest, row.epoch, row.published_at)
