"""What usage is priced by: prices of the configuration and of the list, one row each, exact."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa

from attributor.config.settings import Price, Replaces
from attributor.estimating.due import target_of
from attributor.estimating.price_list import ListedRate
from rules.rows import load_rows

PRICES = "estimate_prices"
_WHOLE = pa.decimal128(38, 0)
_SCHEMA = pa.schema(
    [
        *((name, pa.int32()) for name in ("number", "standing")),
        *((name, _WHOLE) for name in ("numerator", "denominator", "per")),
        *((name, pa.string()) for name in ("source", "provider", "service", "account", "billing_account")),
        *((name, pa.string()) for name in ("currency", "name", "price", "origin", "details")),
    ]
)


LARGEST = 10_000
"""An hour of a GPU that costs more is a mistake in names; below it, rates of nine decimals are exact in the engine."""


@dataclass(frozen=True)
class GpuRate:
    """What a GPU hour costs by what is known better than a price: `words` and `details` say by what."""

    amount: Decimal
    words: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rate:
    """A price that usage of `metric` is multiplied by: the configuration's, or what a list or the bill says."""

    price: Price
    metric: str
    listed: ListedRate | None = None
    gpu: GpuRate | None = None


def standings(prices: Sequence[Price]) -> tuple[Replaces, ...]:
    """Return the different sets of billed charges that prices stand for, in the prices' order."""
    return tuple(dict.fromkeys(price.replaces for price in prices if price.replaces is not None))


def load_rates(connection: duckdb.DuckDBPyConnection, prices: Sequence[Price], rates: Sequence[Rate]) -> None:
    """Create the table PRICES, a row a rate: `number` is its place.

    A unit costs numerator / denominator of the currency. Where the price is from is in words in `origin`, and in
    `details` as FOCUS has it in SkuPriceDetails.
    """
    known = standings(prices)
    load_rows(connection, PRICES, _SCHEMA, [(number, *_row(rate, known)) for number, rate in enumerate(rates)])


def _row(rate: Rate, known: Sequence[Replaces]) -> tuple[object, ...]:
    price, listed = rate.price, rate.listed
    amount, per = (price.price, price.per) if listed is None else (listed.price, listed.per)
    amount = amount if rate.gpu is None else rate.gpu.amount
    paid = Fraction(amount) if price.listed is None else Fraction(amount) * Fraction(price.listed.factor)
    return (
        -1 if price.replaces is None else known.index(price.replaces),
        (paid / per).numerator,
        (paid / per).denominator,
        per,
        target_of(price),
        price.provider or ("" if listed is None else listed.provider),
        price.service or rate.metric,
        price.account,
        price.billing_account,
        price.currency,
        price.name if listed is None else f"{price.name}: {listed.model}",
        _decimal(paid),
        _words(rate),
        json.dumps(_details(rate), ensure_ascii=False),
    )


def _decimal(amount: Fraction) -> str:
    """Write a fraction whose denominator has no other factors than 2 and 5."""
    places = next(places for places in range(40) if (amount * 10**places).denominator == 1)
    digits = str((amount * 10**places).numerator).rjust(places + 1, "0")
    return digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}"


def _words(rate: Rate) -> str:
    price, listed = rate.price, rate.listed
    if rate.gpu is not None:
        return rate.gpu.words
    if listed is None or price.listed is None:
        return f"the price `{price.name}`"
    since = "" if listed.since is None else f" since {listed.since}"
    factor = "" if price.listed.factor == 1 else f" x {price.listed.factor:f}"
    note = f", {listed.note}" if listed.note else ""
    return f"{price.listed.name} {price.listed.version} ({listed.model}{since}{note}){factor}"


def _details(rate: Rate) -> dict[str, str]:
    listed, of = rate.listed, rate.price.listed
    if rate.gpu is not None:
        return {**dict(rate.gpu.details), "x_PriceName": rate.price.name}
    if listed is None or of is None:
        return {"x_PriceOrigin": "override", "x_PriceName": rate.price.name}
    said = {
        "x_PriceOrigin": of.name,
        "x_PriceVersion": of.version,
        "x_PriceModel": listed.model,
        "x_PriceSince": "" if listed.since is None else f"{listed.since}",
        "x_PriceFactor": "" if of.factor == 1 else f"{of.factor:f}",
        "x_PriceNote": listed.note,
    }
    return {key: value for key, value in said.items() if value}
