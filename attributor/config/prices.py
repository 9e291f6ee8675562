"""`prices:`: what usage costs until the bill comes, and which charges of the bill its estimates stand for."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from attributor.config.gpu_prices import read_prefer
from attributor.config.keys import PRICE, REPLACES
from attributor.config.matching import read_plain_match
from attributor.config.price_lists import check_kind, providers_of, read_list
from attributor.config.settings import ConfiguredSource, Price, PriceList, Replaces
from attributor.config.values import parse_duration
from rules.located import Located
from rules.matchers import EVERYTHING, AllOf, OneOf, patterns_of
from rules.problem import Problem
from rules.reading.fields import Problems, dates, decimal, entries_of, nearest, word
from rules.reading.regex import unreadable

USUAL_LAG = timedelta(days=1)
"""So that the newest day a bill tells of is never taken for complete: some of its rows may still be missing."""

_CURRENCY = re.compile(r"\S.{0,19}")
_LARGEST_PER = 10**12
_MOST_DIGITS = 10**13
"""Of the price of one unit, as a fraction: with it no estimate of what a day can hold leaves the engine's integers."""
_PROVIDER_COLUMNS = ("ServiceProviderName", "ProviderName")


@dataclass(frozen=True)
class Bills:
    """The sources that a price may stand for, by name, and the name of every configured source.

    `providers` are those whose models a source of usage tells of, where its type says so.
    """

    tables: Mapping[str, str]
    names: tuple[str, ...]
    providers: Mapping[str, str] = field(default_factory=dict)


def bills_of(sources: Sequence[ConfiguredSource], node: Located | None) -> Bills:
    """Return what prices may name; a source with a mistake of its own is not complained of twice."""
    names = tuple(node.entries) if node is not None and node.entries is not None else ()
    return Bills({source.name: source.type.table for source in sources}, names, providers_of(sources))


def read_prices(node: Located | None, bills: Bills) -> tuple[tuple[Price, ...], list[Problem]]:
    """Return the prices in the file's order, those with a mistake left out, and every problem."""
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        return (), [node.problem("`prices` is a list", "begin every price with `- metric: …`")]
    problems: Problems = []
    read = [(_price(index, item, bills, problems), item) for index, item in enumerate(node.items)]
    found = [(price, item) for price, item in read if price is not None]
    _check_names(found, problems)
    _check_patterns(found, problems)
    prices = _with_one_lag(found, problems)
    return prices, problems


def _price(index: int, node: Located, bills: Bills, problems: Problems) -> Price | None:
    what = f"price {index + 1}"
    before = len(problems)
    entries = entries_of(node, tuple(PRICE), f"`{what}`", problems)
    check_kind(node, entries, what, problems)
    texts = {key: word(entries[key], f"`{key}`", problems) or "" for key in _TEXTS if key in entries}
    amount = decimal(entries["price"], "`price`", problems) if "price" in entries else None
    per = _per(entries["per"], problems) if "per" in entries else 1
    start, end = dates(entries, problems)
    match = read_plain_match(entries["match"], problems) if "match" in entries else EVERYTHING
    replaces = _replaces(entries["replaces"], bills, problems) if "replaces" in entries else None
    if "currency" in texts and texts["currency"] and not _CURRENCY.fullmatch(texts["currency"]):
        problems.append(entries["currency"].problem("`currency` is too long", "write three letters, such as USD"))
    if amount is not None and per and Fraction(amount) / per > 0:
        _check_digits(Fraction(amount) / per, entries["price"], problems)
    prefer = read_prefer(entries, problems) if "prefer" in entries else ()
    listed = read_list(entries, bills.providers, problems) if "list" in entries else None
    if len(problems) > before or (amount is None and listed is None):
        return None
    return Price(
        name=texts.get("name", what),
        metric=texts.get("metric", ""),
        price=amount or Decimal(0),
        per=per,
        currency=texts.get("currency", "USD"),
        provider=texts.get("provider") or _named(replaces, _PROVIDER_COLUMNS) or _source_of(replaces),
        service=texts.get("service") or _named(replaces, ("ServiceName",)) or texts.get("metric", ""),
        account=_named(replaces, ("SubAccountId",)),
        billing_account=_named(replaces, ("BillingAccountId",)),
        match=match,
        start=start,
        end=end,
        replaces=replaces,
        digest=_digest(node, listed),
        listed=listed,
        prefer=prefer,
    )


_TEXTS = ("name", "metric", "currency", "provider", "service")


def _per(node: Located, problems: Problems) -> int:
    """Return a whole number of units; 0 where it is none."""
    number = decimal(node, "`per`", problems)
    if number is None:
        return 0
    if number != number.to_integral_value() or not 1 <= number <= _LARGEST_PER:
        problems.append(node.problem(f"`per` is {node.text}", "write a whole number of units, as in 1000000"))
        return 0
    return int(number)


def _check_digits(unit_price: Fraction, node: Located, problems: Problems) -> None:
    if unit_price.numerator > _MOST_DIGITS:
        problems.append(node.problem(f"`price` is {node.text}", "write at most thirteen digits that matter"))


def _replaces(node: Located, bills: Bills, problems: Problems) -> Replaces | None:
    before = len(problems)
    entries = entries_of(node, tuple(REPLACES), "`replaces`", problems)
    missing = [key for key in ("source", "match") if key not in entries]
    if missing and len(problems) == before:
        listed = " and no ".join(f"`{key}`" for key in missing)
        problems.append(node.problem(f"`replaces` has no {listed}", "write `{source: NAME, match: {ServiceName: …}}`"))
    source = word(entries["source"], "`source`", problems) if "source" in entries else None
    if source is not None:
        _check_source(source, entries["source"], bills, problems)
    match = read_plain_match(entries["match"], problems) if "match" in entries else EVERYTHING
    lag = _lag(entries["lag"], problems) if "lag" in entries else _UNSAID
    if len(problems) > before or source is None:
        return None
    return Replaces(source, match, lag)


_UNSAID = timedelta(0)
"""No lag is given here: the source has that of another price, or the usual one."""


def _check_source(name: str, node: Located, bills: Bills, problems: Problems) -> None:
    if name not in bills.names:
        problems.append(
            node.problem(f"there is no source `{name}`", nearest(name, bills.names, "name one of `sources`"))
        )
    elif bills.tables.get(name, "charges") != "charges":
        problems.append(node.problem(f"source `{name}` is no bill", "name a source of charges, such as a FOCUS export"))


def _lag(node: Located, problems: Problems) -> timedelta:
    try:
        return parse_duration(node.text or "")
    except ValueError as error:
        problems.append(node.problem(f"`lag`: {error}", "for example `lag: 1d`"))
        return _UNSAID


def _named(replaces: Replaces | None, columns: Iterable[str]) -> str:
    """Return the one value that the replaced charges have in one of the columns, where the match says so."""
    if replaces is None:
        return ""
    parts = replaces.match.parts if isinstance(replaces.match, AllOf) else (replaces.match,)
    exact = {part.column: part.exact[0] for part in parts if isinstance(part, OneOf) and _is_one_value(part)}
    return next((exact[column] for column in columns if column in exact), "")


def _is_one_value(part: OneOf) -> bool:
    return part.match_case and len(part.exact) == 1 and not part.globs


def _source_of(replaces: Replaces | None) -> str:
    return "" if replaces is None else replaces.source


def _digest(node: Located, listed: PriceList | None) -> str:
    plain = node.plain()
    if listed is not None:
        plain |= {"version": listed.version, "by_source": dict(listed.by_source)}
    if isinstance(plain.get("replaces"), dict):
        plain["replaces"] = {key: value for key, value in plain["replaces"].items() if key != "lag"}
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _check_names(found: Sequence[tuple[Price, Located]], problems: Problems) -> None:
    first: dict[str, Located] = {}
    for price, node in found:
        other = first.setdefault(price.name, node)
        if other is not node:
            message = f"two prices are called `{price.name}` (first on line {other.line})"
            problems.append(node.problem(message, "give each its own name"))


def _check_patterns(found: Sequence[tuple[Price, Located]], problems: Problems) -> None:
    patterns = {price.name: _patterns(price) for price, _ in found}
    complaints = unreadable(pattern for of_price in patterns.values() for pattern in of_price)
    for price, node in found:
        for pattern in patterns[price.name]:
            if pattern in complaints:
                message = f"the pattern {pattern!r} cannot be read: {complaints[pattern]}"
                problems.append(node.problem(message, "write RE2 syntax, without look-around and back-references"))


def _patterns(price: Price) -> tuple[str, ...]:
    return (*patterns_of(price.match), *(() if price.replaces is None else patterns_of(price.replaces.match)))


def _with_one_lag(found: Sequence[tuple[Price, Located]], problems: Problems) -> tuple[Price, ...]:
    """Give every price of a source the lag that one of them states: a day of a source switches as a whole."""
    lags: dict[str, timedelta] = {}
    for price, node in found:
        if price.replaces is None or price.replaces.lag == _UNSAID:
            continue
        known = lags.setdefault(price.replaces.source, price.replaces.lag)
        if known != price.replaces.lag:
            message = f"source `{price.replaces.source}` has another `lag` at an earlier price"
            problems.append(node.problem(message, "a day switches to billed as a whole; state the lag once"))
    return tuple(_with_lag(price, lags) for price, _ in found)


def _with_lag(price: Price, lags: Mapping[str, timedelta]) -> Price:
    if price.replaces is None:
        return price
    return replace(price, replaces=replace(price.replaces, lag=lags.get(price.replaces.source, USUAL_LAG)))
