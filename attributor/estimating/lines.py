"""The estimate beside the bill, by provider and service."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attributor.estimating.bill import BilledSum
from attributor.estimating.pricing import PricedSum
from attributor.ledger.estimates import EstimateLine, Key
from attributor.money import from_units, total

_LONGEST = 300
_Named = tuple[Key, str, str, str]


def joined_lines(
    priced: Iterable[PricedSum], kept: Iterable[EstimateLine], billed: Iterable[BilledSum]
) -> tuple[EstimateLine, ...]:
    """Put estimates, those just made and those kept, beside what was billed under the same names.

    An estimate whose price names no provider carries the source's name; it is listed under the provider of the bill,
    where the bill has one alone for the service and day.
    """
    bill = tuple(billed)
    providers = _providers(bill)
    estimated: dict[_Named, list[Decimal]] = {}
    found: dict[_Named, list[Decimal]] = {}
    for each in priced:
        estimated.setdefault(_as_billed(_named(each), providers), []).append(from_units(each.units))
    for line in kept:
        if line.estimated:
            estimated.setdefault(_as_billed(_named(line), providers), []).append(line.estimated)
    for sums in bill:
        found.setdefault(_named(sums), []).append(sums.billed)
    return tuple(
        EstimateLine(*key, provider, service, currency, total(estimated.get(name, [])), total(found.get(name, [])))
        for name in sorted(estimated.keys() | found.keys())
        for key, provider, service, currency in [name]
    )


def _providers(bill: Iterable[BilledSum]) -> dict[tuple[Key, str, str], set[str]]:
    found: dict[tuple[Key, str, str], set[str]] = {}
    for sums in bill:
        key, provider, service, currency = _named(sums)
        found.setdefault((key, service, currency), set()).add(provider)
    return found


def _as_billed(name: _Named, providers: Mapping[tuple[Key, str, str], set[str]]) -> _Named:
    key, provider, service, currency = name
    billed_by = providers.get((key, service, currency), set())
    if provider != key[0] or len(billed_by) != 1:
        return name
    return key, next(iter(billed_by)), service, currency


def _named(line: PricedSum | EstimateLine | BilledSum) -> _Named:
    return (line.source, line.day), _stored(line.provider), _stored(line.service), line.currency


def _stored(text: str) -> str:
    """Return a name as both databases keep it."""
    return text.replace("\0", "\ufffd")[:_LONGEST]
