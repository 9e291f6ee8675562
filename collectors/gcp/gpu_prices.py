"""List prices of GPUs in Google's catalog: of one GPU and hour, without the vCPUs and memory of its machine."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

_BILLIONTH = Decimal("1e-9")
_MODEL = re.compile(r"Nvidia (?:Tesla )?(?P<model>.+?) (?:\S*GPU|Virtual Workstation)", re.IGNORECASE)


@dataclass(frozen=True)
class GpuPrice:
    """What Google lists for one GPU and hour, in `currency`, without any discount of the billing account.

    `model` is the GPU without its maker (A100 80GB), `terms` Google's word for how it is bought (OnDemand, Preemptible,
    Commit1Yr, …), `since` when the price began to hold, in aware UTC, and `regions` where it does. `sku` and
    `description` are those of the bill.
    """

    sku: str
    description: str
    model: str
    terms: str
    regions: tuple[str, ...]
    currency: str
    price: Decimal
    since: datetime


def gpu_prices(skus: Iterable[Any]) -> Iterator[GpuPrice]:
    """Yield the newest price of each SKU that is a GPU by the hour, of its highest tier: the first may be free."""
    for sku in skus:
        if sku.category.resource_group != "GPU" or not sku.pricing_info:
            continue
        newest = max(sku.pricing_info, key=lambda one: one.effective_time)
        expression = newest.pricing_expression
        if not expression.tiered_rates or expression.usage_unit != "h":
            continue
        last = max(expression.tiered_rates, key=lambda rate: rate.start_usage_amount)
        yield GpuPrice(
            sku=sku.sku_id,
            description=sku.description,
            model=model_of(sku.description),
            terms=sku.category.usage_type,
            regions=tuple(sorted(sku.service_regions)),
            currency=last.unit_price.currency_code,
            price=money(last.unit_price),
            since=newest.effective_time,
        )


def money(amount: Any) -> Decimal:
    """Return Google's Money exactly: whole units, and billionths of the same sign."""
    return Decimal(amount.units) + Decimal(amount.nanos) * _BILLIONTH


def model_of(description: str) -> str:
    """Return which GPU a SKU is of: A100 of "Nvidia Tesla A100 GPU running in Americas"; else the description."""
    found = _MODEL.search(description)
    return found["model"] if found else description
