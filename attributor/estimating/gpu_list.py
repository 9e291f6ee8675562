"""List prices of GPU hours: usage of the metric `gpu.list_price`, by model of GPU and region."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import duckdb

from attributor.estimating.rates import LARGEST, GpuRate
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


class ListPrices:
    """Prices by the GPU that they are of; each question is answered once."""

    def __init__(self, prices: Iterable[ListPrice]) -> None:
        self._by_model: dict[str, list[ListPrice]] = defaultdict(list)
        for price in prices:
            self._by_model[price.model].append(price)
        self._words = {model: frozenset(_words(model.lower())) for model in self._by_model}
        self.rate = cache(self._rate)

    def _rate(self, day: date, model: str, region: str, currency: str) -> GpuRate | None:
        """Return the newest price, at most a week old, of the GPU that `model` names as the driver does.

        Of several that fit, as A100 and A100 80GB fit NVIDIA A100-SXM4-80GB, the one with the most words. None where
        lists say different prices, as of regions of which usage names none: nothing is chosen by chance.
        """
        named = frozenset(_words(model.lower()))
        for known in sorted((one for one in self._words if self._words[one] <= named), key=self._fewest_last):
            prices = [
                price
                for price in self._by_model[known]
                if day - _WEEK <= price.day <= day
                and price.currency == currency
                and (not region or price.region in {"", region})
            ]
            if prices:
                return _only(prices, region)
        return None

    def _fewest_last(self, model: str) -> tuple[int, str]:
        return -len(self._words[model]), model


def _only(prices: Sequence[ListPrice], region: str) -> GpuRate | None:
    newest = max(price.day for price in prices)
    found = {price.price: price for price in prices if price.day == newest}
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


def read_list_prices(connection: duckdb.DuckDBPyConnection, usage: str) -> ListPrices:
    """Return the prices on demand that a view of usage holds."""
    names = ("gpu_model", "region", "currency", "provider", "terms")
    facts = ", ".join(f"coalesce({usage_fact(name)}, '')" for name in names)
    rows = connection.execute(
        f"SELECT DISTINCT \"x_Day\", quantity, {facts} FROM {usage} WHERE metric = '{LIST_PRICE}' ORDER BY ALL"
    ).fetchall()
    return ListPrices(
        ListPrice(day, model, region, currency or "USD", quantity, provider)
        for day, quantity, model, region, currency, provider, terms in rows
        if "".join(_words(terms.lower())) in _ON_DEMAND and _words(model.lower()) and 0 < quantity < LARGEST
    )
