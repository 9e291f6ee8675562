"""The view that a page's address asks for: month, cost basis and currency."""

import re
from collections.abc import Mapping

from sqlalchemy import Engine, func, select

from attributor.ledger.tables import publications
from attributor.periods import Month, month_of, parse_month
from attributor.reports.costs import parse_basis
from attributor.reports.told import OF_CHARGES
from attributor.reports.view import View
from attributor.web.parts import SiteParts

_CURRENCY = re.compile(r"[A-Za-z0-9]{2,20}")


class BadQueryError(ValueError):
    """A parameter in the address cannot be read; the message says which form it has."""


def read_view(parts: SiteParts, query: Mapping[str, str]) -> View:
    """Return the view of `month=YYYY-MM`, `basis=effective|billed|list` and `currency=USD`.

    Without a month it is the current one, or the latest that has charges. Raises BadQueryError.
    """
    now = parts.clock()
    currency = query.get("currency")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        raise BadQueryError(f"currency={currency!r} is not a currency; write its code, for example USD")
    try:
        month = parse_month(query["month"]) if "month" in query else None
        basis = parse_basis(query.get("basis", "effective"))
    except ValueError as error:
        raise BadQueryError(str(error)) from error
    return View(month or _latest_month(parts.engine, month_of(now.date())), now, basis, currency)


def _latest_month(engine: Engine, current: Month) -> Month:
    query = select(func.max(publications.c.day)).where(OF_CHARGES, publications.c.day < current.end)
    with engine.connect() as connection:
        latest = connection.scalar(query)
    return current if latest is None else month_of(latest)
