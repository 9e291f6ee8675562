"""Days of one month, from usage, prices and bill to estimated charges and the lines beside the bill."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from attributor.config.settings import Price, Replaces
from attributor.estimating.bill import BILL, billed_sums, held_back
from attributor.estimating.charges import estimated_charges
from attributor.estimating.due import Due, Known
from attributor.estimating.lines import joined_lines
from attributor.estimating.lookups import bill_pins, open_lookup
from attributor.estimating.price_list import GenaiPrices
from attributor.estimating.pricing import PricedSum, price_usage, priced_sums, standing_days
from attributor.estimating.rates import standings
from attributor.estimating.storing import store_charges
from attributor.estimating.unpriced import unpriced_usage
from attributor.ingest.ingest import Stores
from attributor.ingest.limits import MOST_A_DAY
from attributor.lake.sql import identifier
from attributor.lake.views import Pin, open_view
from attributor.ledger.collected import CollectedDay, StoredDay
from attributor.ledger.estimates import BESIDE, EstimatedDay, EstimateLine, Estimation, Key, estimate_lines
from attributor.ledger.unpriced import UnpricedUsage
from attributor.money import UNITS_PER_ONE
from collectors.schema import CHARGES
from rules.ruleset import RuleSet
from rules.schema import ESTIMATES
from rules.sql import literal

_USAGE, _KEPT = "usage_to_price", "estimates_kept"


@dataclass(frozen=True)
class Pricing:
    """What usage is priced by; the rules say whose the usage of unknown cost is."""

    prices: tuple[Price, ...]
    ruleset: RuleSet
    price_list: GenaiPrices | None = None


@dataclass(frozen=True)
class Batch:
    """What is to do in one month."""

    pricing: Pricing
    due: tuple[Due, ...]
    removed: tuple[Key, ...]

    @property
    def prices(self) -> tuple[Price, ...]:
        """The configured prices."""
        return self.pricing.prices


@dataclass(frozen=True)
class _Settled:
    """Every due day with its state, what its usage was priced at, and the replaced charges that it stands for."""

    days: tuple[EstimatedDay, ...]
    priced: tuple[PricedSum, ...]
    standing: dict[Replaces, list[date]]
    warnings: tuple[str, ...]


def derive(stores: Stores, known: Known, batch: Batch, now: datetime) -> tuple[Estimation, tuple[str, ...]]:
    """Store the charges that changed and return what to record, with what the user should know."""
    _open(stores, known, batch)
    settled = _settled(stores, known, batch)
    kept_keys = {due.key for due in batch.due if due.keeps}
    kept = [line for line in _lines(stores, kept_keys) if (line.source, line.day) in kept_keys]
    shown = {(day.source, day.day) for day in settled.days if day.state != "none"}
    billed = [each for each in billed_sums(stores.connection, settled.standing) if (each.source, each.day) in shown]
    estimation = Estimation(
        days=settled.days,
        lines=joined_lines(settled.priced, kept, billed),
        removed=batch.removed,
        stored=dict(_stored(stores, known, batch, settled, now)),
        unpriced=_unpriced(stores, batch),
        counted=tuple(due.key for due in batch.due if not due.keeps),
    )
    return estimation, settled.warnings


def _unpriced(stores: Stores, batch: Batch) -> tuple[UnpricedUsage, ...]:
    """Return the usage of unknown cost; where the bill is complete, it tells the cost."""
    keys = {due.key for due in batch.due if not due.keeps and due.day.state != "billed"}
    return unpriced_usage(stores.connection, batch.prices, batch.pricing.ruleset, keys)


def _open(stores: Stores, known: Known, batch: Batch) -> None:
    """Open the usage that is priced, the bills, and the estimates that stay as they are."""
    fresh = {due.day.day for due in batch.due if not due.keeps}
    usage = [Pin(source, day, found.version) for (source, day), found in known.usage.items() if day in fresh]
    bills = {due.key for due in batch.due}
    kept = {(due.day.source + ESTIMATES, due.day.day) for due in batch.due if due.keeps}
    open_view(stores.lake, stores.connection, _USAGE, "usage", usage)
    open_view(stores.lake, stores.connection, BILL, "charges", bill_pins(known, bills))
    open_view(stores.lake, stores.connection, _KEPT, "charges", bill_pins(known, kept))


def _settled(stores: Stores, known: Known, batch: Batch) -> _Settled:
    fresh_days = {due.day.day for due in batch.due if not due.keeps}
    lookup = open_lookup(stores.lake, stores.connection, known, batch.prices, fresh_days)
    price_usage(stores.connection, _USAGE, batch.prices, batch.pricing.price_list, lookup)
    fresh = {due.key for due in batch.due if not due.keeps}
    found = [each for each in priced_sums(stores.connection) if (each.source, each.day) in fresh]
    too_large = _too_large(found)
    priced = tuple(each for each in found if (each.source, each.day) not in too_large)
    estimated = {(each.source, each.day) for each in priced}
    days = tuple(due.day if due.keeps else _counted(due.day, estimated) for due in batch.due)
    warnings = tuple(
        f"the estimate of {source or 'usage beside the bill'} on {day} is more than {MOST_A_DAY:.0E}, the most that a"
        " day can hold, and is left out; correct the price"
        for source, day in sorted(too_large)
    )
    return _Settled(days, priced, _standing(stores, batch, days, fresh), warnings)


def _counted(day: EstimatedDay, estimated: set[Key]) -> EstimatedDay:
    """Where nothing priced was used there is no estimate, and what there is of the bill counts."""
    return day if day.source == BESIDE or (day.source, day.day) in estimated else replace(day, state="none")


def _too_large(priced: Sequence[PricedSum]) -> set[Key]:
    sums: dict[tuple[Key, str], int] = {}
    for each in priced:
        key = (each.source, each.day), each.currency
        sums[key] = sums.get(key, 0) + each.units
    return {key for (key, _), units in sums.items() if units > MOST_A_DAY * UNITS_PER_ONE}


def _standing(
    stores: Stores, batch: Batch, days: Sequence[EstimatedDay], fresh: set[Key]
) -> dict[Replaces, list[date]]:
    """Return which charges are stood for: of a day just estimated those that have an estimate, else all."""
    known = standings(batch.prices)
    measured = {(known[number], day) for number, day in standing_days(stores.connection)}
    standing: dict[Replaces, list[date]] = {replaces: [] for replaces in known}
    for day in days:
        only_measured = day.state == "estimated" and (day.source, day.day) in fresh
        for replaces in known:
            stands = (replaces, day.day) in measured if only_measured else _holds(batch, replaces, day.day)
            if replaces.source == day.source and day.state in {"estimated", "billed"} and stands:
                standing[replaces].append(day.day)
    return standing


def _holds(batch: Batch, replaces: Replaces, day: date) -> bool:
    return any(price.replaces == replaces and price.holds_on(day) for price in batch.prices)


def _lines(stores: Stores, keys: Iterable[Key]) -> tuple[EstimateLine, ...]:
    days = {day for _, day in keys}
    return estimate_lines(stores.engine, days) if days else ()


def _stored(
    stores: Stores, known: Known, batch: Batch, settled: _Settled, now: datetime
) -> dict[str, tuple[StoredDay, ...]]:
    """Store what counts on each source's days: estimates and the rows that hold the bill back, or nothing."""
    touched = [*((day.source, day.day) for day in settled.days), *batch.removed]
    stored = {}
    for source in sorted({source for source, _ in touched} - {BESIDE}):
        days = [day for of, day in touched if of == source]
        query = _charges_of(source, batch, settled)
        before = _stored_before(known, source + ESTIMATES)
        stored[source + ESTIMATES] = store_charges(stores, source + ESTIMATES, query, days, before, now)
    return stored


def _charges_of(source: str, batch: Batch, settled: _Settled) -> str:
    keeps = {due.key for due in batch.due if due.keeps}
    open_days = [day.day for day in settled.days if day.source == source and day.state == "estimated"]
    fresh = [day for day in open_days if (source, day) not in keeps]
    kept = ", ".join(f"DATE '{day}'" for day in open_days if (source, day) in keeps) or "NULL"
    columns = ", ".join(identifier(name) for name in CHARGES.names)
    standing = {replaces: [day for day in days if day in open_days] for replaces, days in settled.standing.items()}
    return " UNION ALL ".join(
        [
            estimated_charges(source, fresh),
            f'SELECT {columns} FROM {_KEPT} WHERE "x_Source" = {literal(source + ESTIMATES)}'
            f' AND "x_Basis" = \'estimated\' AND "x_Day" IN ({kept})',
            held_back(standing, source),
        ]
    )


def _stored_before(known: Known, source: str) -> dict[date, CollectedDay]:
    return {day: found for (of, day), found in known.bills.items() if of == source}
