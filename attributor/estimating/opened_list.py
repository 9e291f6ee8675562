"""The price list, opened where a price asks for it: that takes a while."""

from collections.abc import Iterable

from attributor.config.settings import Price
from attributor.estimating.claims import is_priced_by_list
from attributor.estimating.price_list import GenaiPrices


def opened_list(prices: Iterable[Price]) -> GenaiPrices | None:
    """Return the list that prices are looked up in; None where none of them is."""
    return GenaiPrices() if any(map(is_priced_by_list, prices)) else None
