"""What teams spend by the hour, where bills and estimates tell it by the hour: each day of the lake is read once.

Limits, policies and the detector of hours ask for the same days. A day's hours are made from its charges by the rules:
while both are what they were, it is not read again.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from alerts.detect.policies.rules import HourCost
from attributor.lake.views import Pin, open_view
from attributor.ledger.collected import CollectedDay
from attributor.watching.decided import decided, facts_of
from attributor.watching.hourly import Read, hour_of
from rules.facts import columns_in
from rules.ruleset import RuleSet

_CHARGES, _ROWS = "hourly_charges", "hourly_rows"
_BY_THE_HOUR = '"ChargeCategory" = \'Usage\' AND "ChargePeriodEnd" <= "ChargePeriodStart" + INTERVAL 1 HOUR'
_AT_ONCE = 1_000_000
_KEPT = timedelta(days=40)
"""So long before the first that is asked for a day is kept: longer than any two questions of a cycle differ."""
_NAME = pa.dictionary(pa.int32(), pa.string())
READ_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("source", "team", "service", "currency")),
        *(pa.field("day", pa.date32()), pa.field("hour", pa.int32()), pa.field("cost", pa.decimal128(38, 12))),
    ]
)
HOURS_SCHEMA = pa.schema(
    [
        *(pa.field("source", _NAME), pa.field("team", _NAME), pa.field("service", _NAME), pa.field("currency", _NAME)),
        *(pa.field("hour", pa.int32()), pa.field("cost", pa.decimal128(38, 12))),
    ]
)


def as_text(table: pa.Table) -> pa.Table:
    """Return hours with their names as text, which what compares and joins them takes."""
    fields = [pa.field(field.name, pa.string()) if field.type == _NAME else field for field in table.schema]
    return table.cast(pa.schema(fields))


def hourly_spend(read: Read, ruleset: RuleSet, first: date, teams: Collection[str] | None = None) -> list[HourCost]:
    """Return the spend by hour since a UTC day, of all teams or of these, as `hours_of_spend` has it."""
    table = hours_of_spend(read, ruleset, first).select(["team", "service", "currency", "hour", "cost"])
    names = table.schema.names[:3]
    if teams is not None:
        table = table.filter(pc.is_in(table.column("team").cast(pa.string()), pa.array(sorted(teams), pa.string())))
    sums = as_text(table).group_by([*names, "hour"]).aggregate([("cost", "sum")])
    rows = sums.sort_by([(name, "ascending") for name in (*names, "hour")]).to_pydict()
    columns = (rows[name] for name in (*names, "hour", "cost_sum"))
    return [
        HourCost(team, service, currency, hour_of(hour), cost)
        for team, service, currency, hour, cost in zip(*columns, strict=True)
    ]


def hours_of_spend(read: Read, ruleset: RuleSet, first: date) -> pa.Table:
    """Return the spend by source, team, service, currency and hour since 1970, since a UTC day.

    It is of usage that is charged by the hour and that one team owns. Charges by the day are left out, and so are those
    that a rule splits: whose an hour of them is, is known by the day.
    """
    days = Days(read.inputs.charges, first, ruleset.digest)
    return kept_hours(read.kept.charges, days, lambda batch: _read(read, ruleset, batch))


@dataclass(frozen=True)
class Days:
    """The stored days of a table since `first`, and the digest of what else their hours are made by."""

    stored: Mapping[tuple[str, date], CollectedDay]
    first: date
    digest: str

    def revisions(self) -> dict[date, str]:
        """Return by day a digest of all that its hours are made from."""
        contents: dict[date, list[str]] = {}
        for (source, day), found in sorted(self.stored.items()):
            if day >= self.first:
                contents.setdefault(day, [self.digest]).append(f"{source} {found.digest}")
        return {day: hashlib.sha256("\n".join(of).encode()).hexdigest() for day, of in contents.items()}

    def batches(self, days: Collection[date]) -> Iterator[list[date]]:
        """Yield days, so many at once as hold no more than a million rows or are one."""
        rows = dict.fromkeys(sorted(days), 0)
        for (_, day), found in self.stored.items():
            if day in rows:
                rows[day] += found.rows
        batch: list[date] = []
        for day in rows:
            if batch and sum(rows[each] for each in (*batch, day)) > _AT_ONCE:
                yield batch
                batch = []
            batch.append(day)
        if batch:
            yield batch


def kept_hours(
    kept: dict[date, tuple[str, pa.Table]], days: Days, read: Callable[[Collection[date]], pa.Table]
) -> pa.Table:
    """Return the hours of the days as HOURS_SCHEMA, of which only those that changed are read, as READ_SCHEMA."""
    revisions = days.revisions()
    for batch in days.batches([day for day in revisions if day not in kept or kept[day][0] != revisions[day]]):
        found = read(batch)
        for day in batch:
            of_day = found.filter(pc.equal(found.column("day"), day)).drop_columns("day")
            kept[day] = revisions[day], of_day.cast(HOURS_SCHEMA).combine_chunks()
    for day in [day for day in kept if day < days.first - _KEPT or (day >= days.first and day not in revisions)]:
        del kept[day]
    return pa.concat_tables([HOURS_SCHEMA.empty_table(), *(kept[day][1] for day in revisions)]).unify_dictionaries()


def _read(read: Read, ruleset: RuleSet, days: Collection[date]) -> pa.Table:
    connection = read.connection
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.charges.items() if day in days]
    open_view(read.lake, connection, _CHARGES, "charges", pins)
    if not connection.execute(f"SELECT 1 FROM {_CHARGES} WHERE {_BY_THE_HOUR} LIMIT 1").fetchall():
        return READ_SCHEMA.empty_table()
    facts = facts_of(ruleset, columns_in(connection, _CHARGES))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS} AS
        SELECT "x_Source" AS source, coalesce("ServiceName", '') AS service, "BillingCurrency" AS currency,
               "x_Day" AS day, (epoch("ChargePeriodStart")::BIGINT // 3600)::INTEGER AS hour,
               sum("EffectiveCost")::DECIMAL(38, 12) AS cost{facts}
        FROM {_CHARGES}
        WHERE {_BY_THE_HOUR}
        GROUP BY ALL
        """
    )
    table: pa.Table = connection.sql(
        "SELECT r.source, d.team, r.service, r.currency, r.day, r.hour, sum(r.cost)::DECIMAL(38, 12) AS cost"
        f" FROM {decided(connection, _ROWS, ruleset)} WHERE d.team <> ''"
        " GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    connection.execute(f"DROP TABLE {_ROWS}")
    return table
