"""Charges of model providers: a day of one line of their bill, in FOCUS columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from collectors.api.results import ResultError
from collectors.api.rows import Row
from collectors.api.windows import month_of
from collectors.base import Window

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Line:
    """What a provider bills for one span: `amount` in units of `currency`, whatever it was billed in.

    `tags` are named as the facts of the provider's usage are, so that one rule owns both.
    """

    amount: Decimal
    currency: str
    description: str | None
    meter: str | None
    tags: Mapping[str, str]
    quantity: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Account:
    """Who bills, for what service, and to which account; `within` is what the provider calls a part of it."""

    provider: str
    service: str
    account: str
    within: str


def charge(account: Account, line: Line, span: Window, part: str | None) -> Row:
    """Return the row of a line; `part` is the part of the account. A negative amount is a credit."""
    credit = line.amount < 0
    month = month_of(span.start)
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), line.amount),
        "BillingCurrency": line.currency,
        "ChargePeriodStart": span.start,
        "ChargePeriodEnd": span.end,
        "BillingPeriodStart": month.start,
        "BillingPeriodEnd": month.end,
        "BillingAccountId": account.account,
        "BillingAccountType": "Organization",
        "SubAccountId": part,
        "SubAccountType": account.within if part else None,
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), account.provider),
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": account.service,
        "ChargeCategory": "Credit" if credit else "Usage",
        "ChargeDescription": line.description,
        "ChargeFrequency": "Usage-Based",
        "SkuId": line.description,
        "SkuMeter": line.meter,
        "SkuPriceId": line.description,
        "PricingCategory": None if credit else "Standard",
        "PricingQuantity": None if credit else line.quantity,
        "PricingUnit": None if credit or line.quantity is None else line.unit,
        "ConsumedQuantity": None if credit else line.quantity,
        "ConsumedUnit": None if credit or line.quantity is None else line.unit,
        "Tags": dict(line.tags),
    }


def amount_of(field: str, value: Any) -> Decimal:
    """Return an amount that is a number or text; raise ResultError where it is neither."""
    text = str(value) if isinstance(value, (int, str, Decimal)) and not isinstance(value, bool) else ""
    if not _NUMBER.fullmatch(text.strip()):
        raise ResultError(field, value, "is no amount; it is a number such as 12.34 or 1.2E-7")
    return Decimal(text.strip())
