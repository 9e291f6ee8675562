"""The view that a page's address asks for: its period, cost basis and currency, what it is grouped by and kept to."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Engine, func, select
from starlette.datastructures import QueryParams

from attributor.ledger.tables import publications
from attributor.periods import Month, Period, month_of, parse_month, parse_period
from attributor.reports.costs import parse_basis
from attributor.reports.narrowing import Filter, Narrowing, every_word
from attributor.reports.told import OF_CHARGES
from attributor.reports.view import View
from attributor.web.links import ALL_ROWS, NOT_GIVEN
from attributor.web.parts import SiteParts

_CURRENCY = re.compile(r"[A-Za-z0-9]{2,20}")
_MOST_VALUES = 100


class BadQueryError(ValueError):
    """A parameter in the address cannot be read; the message says which form it has."""


def read_view(parts: SiteParts, query: Mapping[str, str]) -> View:
    """Return the view of `month=YYYY-MM` or `period=…`, `basis=effective|billed|list` and `currency=USD`.

    `from=` and `to=`, days that are both in the period, are what a form sends for `period=`. Without any it is the
    current month, or the latest that has charges. Raises BadQueryError.
    """
    now = parts.clock()
    currency = query.get("currency")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        raise BadQueryError(f"currency={currency!r} is not a currency; write its code, for example USD")
    try:
        period = _period(query)
        basis = parse_basis(query.get("basis", "effective"))
    except ValueError as error:
        raise BadQueryError(str(error)) from error
    return View(period or _latest_month(parts.engine, month_of(now.date())), now, basis, currency)


def read_narrowed_view(parts: SiteParts, query: QueryParams, can: Narrowing | None = None) -> View:
    """Return the view with what it is grouped by (`group=`) and kept to (`service=`, `provider=`, …; also repeated).

    `where=` and `is=` are how a form names one more dimension and its value. `can` is what the page can do, anything
    without it. Raises BadQueryError, also for what the page cannot do: to leave it out would show something else.
    """
    words = every_word(parts.dimensions())
    able = can or Narrowing(words, words)
    group = query.get("group", "")
    if group and group not in able.groups:
        raise BadQueryError(_cannot("group by", group, able.groups))
    return replace(read_view(parts, query), group=group, filters=tuple(_filters(query, words, able.keeps)))


def wants_all_rows(query: Mapping[str, str]) -> bool:
    """Return whether long tables are asked for whole (`rows=all`). Raises BadQueryError."""
    word, everything = ALL_ROWS
    if query.get(word, everything) != everything:
        raise BadQueryError(f"{word}={query[word]!r} is not possible; write {word}={everything}, or leave it out")
    return word in query


def _period(query: Mapping[str, str]) -> Period | None:
    if query.get("from") or query.get("to"):
        return parse_period(f"{query.get('from', '')}..{query.get('to', '')}")
    if "period" in query:
        return parse_period(query["period"])
    return parse_month(query["month"]) if "month" in query else None


def _cannot(what: str, word: str, able: Collection[str]) -> str:
    fix = f"write one of {', '.join(able)}" if able else "leave it out"
    return f"cannot {what} {word!r} here; {fix}"


def _filters(query: QueryParams, words: Iterable[str], able: Collection[str]) -> Iterator[Filter]:
    more, value = query.get("where", ""), query.get("is", "").strip()
    if value and more not in able:
        raise BadQueryError(_cannot("keep to", more, able))
    for word in words:
        asked = [*query.getlist(word), *([value] if word == more else [])]
        values = tuple(dict.fromkeys("" if each == NOT_GIVEN else each for each in asked if each))
        if len(values) > _MOST_VALUES:
            raise BadQueryError(f"{word}= is given more than {_MOST_VALUES} times")
        if values and word not in able:
            raise BadQueryError(_cannot("keep to", word, able))
        if values:
            yield Filter(word, values)


def _latest_month(engine: Engine, current: Month) -> Month:
    query = select(func.max(publications.c.day)).where(OF_CHARGES, publications.c.day < current.end)
    with engine.connect() as connection:
        latest = connection.scalar(query)
    return current if latest is None else month_of(latest)
