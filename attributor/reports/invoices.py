"""What was invoiced against what is stored: the charges of a billing month, all of a source's or those that match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

import orjson
from sqlalchemy import Engine, select

from attributor.attributing.invoicing import Invoiced, invoiced_cost
from attributor.attributing.replaying import Archive
from attributor.config.settings import InvoiceSettings
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup
from attributor.money import plain
from attributor.periods import Month
from attributor.reports.costs import COST_COLUMNS, Basis, parse_basis
from rules.matchers import EVERYTHING

_EXACT = Context(prec=200)


@dataclass(frozen=True)
class InvoiceControl:
    """The invoices of one source, month, currency, cost column and match, and the published charges that they are of.

    `match` is as the configuration writes it, as JSON; "" for all charges of the source.
    """

    source: str
    period: Month
    currency: str
    basis: Basis
    match: str
    total: Decimal
    stored: Decimal
    tolerance: Decimal

    @property
    def difference(self) -> Decimal:
        """Stored less invoiced."""
        return _EXACT.subtract(self.stored, self.total)

    @property
    def is_within(self) -> bool:
        """Whether they are no further apart than the tolerance."""
        return self.difference.copy_abs() <= self.tolerance


def need_charges(invoices: Iterable[InvoiceSettings]) -> bool:
    """Say whether invoices need the charges in the lake: one of them has a match, and the ledger holds sums alone."""
    return any(invoice.match != EVERYTHING for invoice in invoices)


def invoice_controls(stored: Engine | Archive, invoices: Iterable[InvoiceSettings]) -> tuple[InvoiceControl, ...]:
    """Hold invoices against charges; several of one source, month, currency, cost column and match are added up.

    `stored` is an archive where `need_charges` says so, otherwise the ledger does. Raises what reading charges raises.
    """
    groups: dict[tuple[object, ...], list[InvoiceSettings]] = {}
    for invoice in invoices:
        key = invoice.source, invoice.period, invoice.currency, invoice.basis, invoice.match_text
        groups.setdefault(key, []).append(invoice)
    return tuple(
        _control(stored, members)
        for _, members in sorted(groups.items(), key=lambda group: [str(part) for part in group[0]])
    )


def invoice_document(control: InvoiceControl) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    return {
        "source": control.source,
        "period": str(control.period),
        "currency": control.currency,
        "basis": control.basis,
        "match": orjson.loads(control.match) if control.match else None,
        "total": plain(control.total),
        "stored": plain(control.stored),
        "difference": plain(control.difference),
        "tolerance": plain(control.tolerance),
        "within": control.is_within,
    }


def _control(stored: Engine | Archive, members: Sequence[InvoiceSettings]) -> InvoiceControl:
    first = members[0]
    return InvoiceControl(
        source=first.source,
        period=first.period,
        currency=first.currency,
        basis=parse_basis(first.basis),
        match=first.match_text,
        total=_sum(invoice.total for invoice in members),
        stored=_stored(stored, first),
        tolerance=_sum(invoice.tolerance for invoice in members),
    )


def _stored(stored: Engine | Archive, invoice: InvoiceSettings) -> Decimal:
    basis = parse_basis(invoice.basis)
    if invoice.match == EVERYTHING:
        return _billed_in(stored.engine if isinstance(stored, Archive) else stored, invoice, basis)
    if not isinstance(stored, Archive):
        raise TypeError(f"the charges of an invoice with a match are in the lake: {invoice}")
    column = COST_COLUMNS[basis]
    return invoiced_cost(stored, Invoiced(invoice.source, invoice.period, invoice.currency, column, invoice.match))


def _billed_in(engine: Engine, invoice: InvoiceSettings, basis: Basis) -> Decimal:
    of_month = (rollup.c.source == invoice.source) & (rollup.c.billing_month == str(invoice.period))
    of_month &= (rollup.c.currency == invoice.currency) & (rollup.c.basis != "estimated")
    with engine.connect() as connection:
        row = connection.execute(select(*money_sums(rollup, basis)).where(of_month)).one()
    return joined(row[0], row[1])


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    found = Decimal(0)
    for amount in amounts:
        found = _EXACT.add(found, amount)
    return found
