"""Prices from genai-prices: the list as its package holds it, asked by model, metric, tier, context length and hour.

Nothing is asked over the network: the prices are those of the installed version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from attributor.config.price_lists import GENAI_PRICES
from attributor.estimating.listed_metrics import LISTED_METRICS, LISTED_REQUESTS, REQUESTS

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_STANDARD = ("", "standard", "default", "auto", "on_demand", "standard_only")
_TIERS: Mapping[str, Mapping[str, str]] = {
    **{tier: {} for tier in _STANDARD},
    "batch": {"processing": "batch"},
    **{tier: {"service_tier": tier} for tier in ("priority", "flex", "fast")},
}
_PREPAID = ("scale", "provisioned", "provisioned_throughput", "ptu", "reserved")
_PREPAID_AT = {("anthropic", "priority")}
"""Tiers whose capacity is bought ahead: their tokens cost nothing more, and the bill has the capacity."""

_WINDOW = re.compile(r"(\d+)(k|M)?-(\d+)(k|M)?")
_SIZES = {None: 1, "k": 1_000, "M": 1_000_000}
_PROVIDERS = (
    (re.compile(r"(azure|az)[._].*"), "azure"),
    (re.compile(r"(gcp|vertex)[._-].*"), "google"),
    (re.compile(r"fireworks_ai"), "fireworks"),
)
"""How gateways and tracing spell providers that the list would not know, or would take for another."""


@dataclass(frozen=True)
class Sought:
    """What a price is sought for: usage of one metric by one model in the hour that begins at `at` (aware UTC).

    `provider` is the list's id or what the usage calls it, "" where it says nothing. `service_tier` and
    `context_window` are the provider's words, as in `batch` and `200k-1M`.
    """

    provider: str
    model: str
    metric: str
    service_tier: str
    context_window: str
    at: datetime


@dataclass(frozen=True)
class ListedRate:
    """What `per` units cost in USD, exactly as listed, and where that is listed: provider and model, since which day.

    `note` says what had to be taken for granted.
    """

    price: Decimal
    per: int
    provider: str
    model: str
    since: date | None = None
    note: str = ""


@dataclass(frozen=True)
class NoRate:
    """Why the list has no price; the cost is unknown then."""

    reason: str


class GenaiPrices:
    """The list of the installed package; asking it is quick, opening it is not."""

    def __init__(self) -> None:
        # Half a second, which only those who configure the list spend; no other part of the package asks the network.
        data: Any = import_module("genai_prices.data")
        snapshots: Any = import_module("genai_prices.data_snapshot")
        self._list = snapshots.DataSnapshot(providers=data.providers, from_auto_update=False)
        self.version = version(GENAI_PRICES)
        self._found = lru_cache(maxsize=10_000)(self._find)

    def changes_within_days(self, provider: str, model: str) -> bool:
        """Say whether a model's price depends on the time of day."""
        found = self._found(provider, model)
        prices = [] if found is None or not isinstance(found[1].prices, list) else found[1].prices
        return any(hasattr(price.constraint, "start_time") for price in prices)

    def rate(self, sought: Sought) -> ListedRate | NoRate:
        """Return the price that holds at the start of the hour, or why there is none."""
        if not sought.model:
            return NoRate("the usage names no model")
        found = self._found(sought.provider, sought.model)
        if found is None:
            return NoRate("the model is not in the list")
        provider, model = found
        named = f"{provider.id}/{model.id}"
        tier = sought.service_tier.lower()
        if tier in _PREPAID or (provider.id, tier) in _PREPAID_AT:
            return ListedRate(Decimal(0), 1, provider.name, named, note=f"`{tier}` is capacity paid ahead")
        context = _context(provider, model, sought)
        if context is None:
            return NoRate(f"the list has no price of the model for the service tier `{tier}`")
        priced = LISTED_REQUESTS if sought.metric == REQUESTS else LISTED_METRICS[sought.metric]
        prices = model.get_prices(sought.at, context)
        value = next((price for key in priced.keys if (price := prices.__dict__.get(key)) is not None), None)
        if value is None:
            return NoRate(f"the list has no price of the model for {sought.metric}")
        price, note = _of_context(value, sought.context_window)
        return ListedRate(price, priced.per, provider.name, named, _since(model, context, sought.at), note)

    def _find(self, provider: str, model: str) -> "tuple[Provider, ModelInfo] | None":
        known = next((ours for spelled, ours in _PROVIDERS if spelled.fullmatch(provider.lower())), provider)
        for reference in dict.fromkeys((model, _last_part(model))):
            try:
                found: tuple[Provider, ModelInfo] = self._list.find_provider_model(reference, None, known or None, None)
            except LookupError:
                continue
            return found
        return None


def _last_part(model: str) -> str:
    """Return the model's own name in an ARN or a path of Google's; any other name is what it is."""
    is_path = model.startswith(("arn:", "models/", "publishers/", "projects/")) or "/models/" in model
    return model.rpartition("/")[2] if is_path else model


def _context(provider: "Provider", model: "ModelInfo", sought: Sought) -> Mapping[str, str] | None:
    """Return what tells the tier's prices apart; None where the list has none for it: another price is no stand-in."""
    context = _TIERS.get(sought.service_tier.lower())
    if not context:
        return context
    own = any(each is model for each in provider.models)
    variants = (model.price_variants or []) if own else []
    active = [each for each in variants if each.constraint is None or each.constraint.active(sought.at)]
    return context if any(each.when == context for each in active) else None


def _of_context(price: Any, window: str) -> tuple[Decimal, str]:
    """Return the price for requests whose input is of this size: past a tier's start all their tokens cost it.

    Of unknown size it is the lowest tier's, which the note says.
    """
    if isinstance(price, Decimal):
        return price, ""
    sizes = _WINDOW.fullmatch(window)
    if sizes is None:
        return price.base, f"up to {price.tiers[0].start} tokens a request: their size is not told"
    low, high = (int(sizes[index]) * _SIZES[sizes[index + 1]] for index in (1, 3))
    for tier in reversed(price.tiers):
        if tier.start <= low:
            return tier.price, ""
    between = next((tier.start for tier in price.tiers if low < tier.start and tier.start + 1 < high), None)
    return price.base, "" if between is None else f"up to {between} tokens a request: `{window}` does not tell"


def _since(model: "ModelInfo", context: Mapping[str, str], at: datetime) -> date | None:
    """Return the day since which the list has this price, where it says so."""
    dated = [*(model.prices if isinstance(model.prices, list) else ())]
    variants = [each for each in model.price_variants or () if each.when == context] if context else []
    for each in (*variants, *reversed(dated)):
        if each.constraint is None:
            return None
        if each.constraint.active(at):
            start: date | None = getattr(each.constraint, "start_date", None)
            return start
    return None
