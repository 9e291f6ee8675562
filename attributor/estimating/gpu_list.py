"""List prices of GPU hours: usage of the metric `gpu.list_price`, by model of GPU and region."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from attributor.estimating.rates import GpuRate
from rules.facts import usage_fact

LIST_PRICE = "gpu.list_price"
_ON_DEMAND = frozenset({"", "ondemand"})
_WEEK = timedelta(days=7)
_FINEST = Decimal("1e-9")
_words = re.compile(r"[a-z0-9]+").findall


@dataclass(frozen=True)
class ListPrice:
    """What a list had for one GPU and hour on a day: `model` as lists name it, `region` "" where it holds anywhere."""

    day: date
    model: str
    region: str
    currency: str
    price: Decimal
    provider: str


def read_list_prices(connection: duckdb.DuckDBPyConnection, usage: str) -> tuple[ListPrice, ...]:
    """Return the prices on demand that a view of usage holds."""
    names = ("gpu_model", "region", "currency", "provider", "terms")
    facts = ", ".join(f"coalesce({usage_fact(name)}, '')" for name in names)
    rows = connection.execute(
        f"SELECT DISTINCT \"x_Day\", quantity, {facts} FROM {usage} WHERE metric = '{LIST_PRICE}' ORDER BY ALL"
    ).fetchall()
    return tuple(
        ListPrice(day, model, region, currency or "USD", quantity, provider)
        for day, quantity, model, region, currency, provider, terms in rows
        if "".join(_words(terms.lower())) in _ON_DEMAND and model
    )


def list_rate(prices: Collection[ListPrice], day: date, model: str, region: str, currency: str) -> GpuRate | None:
    """Return the newest price, at most a week old, of the GPU that `model` names as the driver does.

    Of several that fit, as A100 and A100 80GB fit NVIDIA A100-SXM4-80GB, the one with the most words. None where lists
    say different prices, as of regions of which usage names none: nothing is chosen by chance.
    """
    named = set(_words(model.lower()))
    fitting = [
        price
        for price in prices
        if day - _WEEK <= price.day <= day
        and price.currency == currency
        and (not region or price.region in {"", region})
        and named.issuperset(_words(price.model.lower()))
    ]
    if not fitting:
        return None
    longest = max(len(_words(price.model)) for price in fitting)
    best = [price for price in fitting if len(_words(price.model)) == longest]
    newest = max(price.day for price in best)
    found = {price.price: price for price in best if price.day == newest}
    if len(found) != 1:
        return None
    price = next(iter(found.values()))
    details = {
        "x_PriceOrigin": "list",
        "x_PriceProvider": price.provider,
        "x_PriceModel": price.model,
        "x_PriceRegion": price.region if region else "",
        "x_PriceSince": f"{newest}",
    }
    of = " ".join(part for part in (price.provider, price.model) if part)
    told = tuple((name, value) for name, value in details.items() if value)
    return GpuRate(price.price.quantize(_FINEST), f"the list price of {of}, {newest}", told)
