"""What rates of GPU hours are looked up in: what is known, and the week before each day as views."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import duckdb
from sqlalchemy import Engine

from attributor.config.settings import Price
from attributor.estimating.due import Known, billed_before, days_before, target_of
from attributor.estimating.machines import Lookup
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from attributor.ledger.collected import collected_days
from attributor.ledger.estimates import BESIDE, EstimatedDay, Key
from attributor.ledger.sources import coverage_of

_RATES = Lookup("usage_of_rates", "bills_of_rates", {})


def what_is_known(engine: Engine, prices: Sequence[Price], recorded: Mapping[Key, EstimatedDay]) -> Known:
    """Return what decides about estimates: usage, bills and their coverage, beside what was derived before."""
    usage = {key: day for key, day in collected_days(engine, "usage").items() if day.rows}
    sources = {target_of(price) for price in prices} - {BESIDE}
    coverage = {source: coverage_of(engine, source) for source in sorted(sources)}
    return Known(usage, collected_days(engine, "charges"), coverage, recorded)


def open_lookup(
    lake: Lake, connection: duckdb.DuckDBPyConnection, known: Known, prices: Sequence[Price], days: Collection[date]
) -> Lookup | None:
    """Open what the rates of these UTC days are looked up in; None where no price prefers such."""
    preferring = [(number, price) for number, price in enumerate(prices) if price.prefer]
    if not preferring or not days:
        return None
    billed = {(number, day): billed_before(price, day, known) for number, price in preferring for day in days}
    bills = {(target_of(prices[number]), day) for (number, _), before in billed.items() for day in before}
    used = {before for day in days for before in (*days_before(day), day)}
    pins = [Pin(source, day, found.version) for (source, day), found in known.usage.items() if day in used]
    open_view(lake, connection, _RATES.usage, "usage", pins)
    open_view(lake, connection, _RATES.bill, "charges", bill_pins(known, bills))
    return replace(_RATES, billed=billed)


def bill_pins(known: Known, keys: Iterable[Key]) -> list[Pin]:
    """Return the stored days of bills, of those keys that have rows."""
    found = ((key, known.bills.get(key)) for key in keys)
    return [Pin(*key, day.version) for key, day in found if day is not None and day.rows]
