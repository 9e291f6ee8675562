"""A month's invoices held against the ledger, for whoever reconciles: the command or an assistant."""

from pathlib import Path

from sqlalchemy import Engine

from attributor.app.reading import invoices_of
from attributor.app.untouched import open_untouched
from attributor.periods import Month
from attributor.reports.invoices import InvoiceControl, invoice_controls, need_charges


def invoiced(path: Path, engine: Engine, month: Month) -> tuple[InvoiceControl, ...]:
    """Hold them; the lake is opened only where one of them is of some charges alone. Raises ConfigurationError."""
    asked = [invoice for invoice in invoices_of(path) if invoice.period == month]
    if not need_charges(asked):
        return invoice_controls(engine, asked)
    with open_untouched(path) as stores:
        return invoice_controls(stores.archive, asked)
