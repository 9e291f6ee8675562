"""What charges of a billing month come to that a matcher takes: read from the lake, as they are published now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, func, select

from attributor.attributing.replaying import Archive
from attributor.lake.sql import identifier
from attributor.lake.views import Pin, open_view
from attributor.ledger.corrections import corrections
from attributor.ledger.publications import publications
from attributor.ledger.tables import rollup
from attributor.periods import Month
from collectors.schema import CHARGES
from rules.facts import charge_fact
from rules.match import condition
from rules.matchers import Matcher, columns_of

_CHARGES = "invoiced_charges"


@dataclass(frozen=True)
class Invoiced:
    """Charges of one source, billing month and currency that a matcher takes, by one of the cost columns."""

    source: str
    period: Month
    currency: str
    column: str
    match: Matcher


def invoiced_cost(archive: Archive, asked: Invoiced) -> Decimal:
    """Return what the charges come to.

    They are those of the published days; of a corrected day of a closed month, those it was corrected from last. A
    charge is of the month of its BillingPeriodStart, or of its day where it has none, as in the ledger.
    """
    lake = replace(archive.lake, known={})
    open_view(lake, archive.connection, _CHARGES, "charges", tuple(_pins(archive.engine, asked)))
    columns = {name: charge_fact(name, CHARGES.names) for name in columns_of(asked.match)}
    [(cost,)] = archive.connection.execute(
        f"SELECT coalesce(sum({identifier(asked.column)}), 0) FROM {_CHARGES} WHERE BillingCurrency = ?"  # noqa: S608
        " AND strftime(coalesce(BillingPeriodStart, x_Day::TIMESTAMPTZ), '%Y-%m') = ?"
        f" AND x_Basis IS DISTINCT FROM 'estimated' AND {condition(asked.match, columns)}",
        [asked.currency, str(asked.period)],
    ).fetchall()
    return Decimal(cost)


def _pins(engine: Engine, asked: Invoiced) -> Iterator[Pin]:
    corrected = corrections(engine)
    days = {*_days_billed(engine, asked), *corrected}
    for (source, day), found in publications(engine, sorted(days)).items():
        if source == asked.source and day not in corrected and found.source.charges_version >= 0:
            yield Pin(source, day, found.source.charges_version)
    for day, of_day in corrected.items():
        version = of_day[-1].state.charges_versions.get(asked.source, {}).get(day)
        if version is not None:
            yield Pin(asked.source, day, version)


def _days_billed(engine: Engine, asked: Invoiced) -> Iterable[date]:
    """Return the UTC days that have charges of the billing month."""
    of_month = (rollup.c.source == asked.source) & (rollup.c.billing_month == str(asked.period))
    with engine.connect() as connection:
        day = func.coalesce(rollup.c.corrected_day, rollup.c.day)
        return list(connection.scalars(select(day).where(of_month).distinct()))
