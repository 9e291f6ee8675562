"""Credits: nested in the row whose cost they lower, negative, and of two natures.

Discounts (committed and sustained use, free tier, contracts, …) are prices: they lower the cost of their row. A
promotion is a way of paying: it becomes a charge of its own, so that what something costs is not what is paid for it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collectors.values.amounts import exact_sum
from collectors.values.distinct import Fault, faults_of

_PROMOTION = "PROMOTION"
_COMMITTED = {
    "COMMITTED_USAGE_DISCOUNT": "Usage",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE": "Spend",
    "FEE_UTILIZATION_OFFSET": "Spend",
}
"""The types of credits of commitments, and what is committed to."""


@dataclass(frozen=True)
class Credit:
    """One credit: its type in Google's words, what it is called, and its amount, negative where it lowers the cost."""

    type: str
    id: str | None
    name: str | None
    amount: Decimal


@dataclass(frozen=True)
class Credits:
    """The credits of a row: `discount` sums those that are prices, `promotions` are the others that are not 0."""

    discount: Decimal = Decimal(0)
    promotions: tuple[Credit, ...] = ()
    commitment: Credit | None = None

    @property
    def total(self) -> Decimal:
        """All of them together."""
        return exact_sum([self.discount, *(credit.amount for credit in self.promotions)])

    @property
    def committed_to(self) -> str | None:
        """What is committed to, Usage or Spend; None where no commitment is used."""
        return None if self.commitment is None else _COMMITTED[self.commitment.type]


def read_credits(column: pa.Array) -> tuple[list[Credits], tuple[Fault, ...]]:
    """Read a column of JSON lists of credits, each distinct text once; what cannot be read is a fault of its rows."""
    encoded = column.dictionary_encode()
    distinct: list[Credits] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            distinct.append(_credits(json.loads(text, parse_float=Decimal, parse_int=Decimal) or ()))
        except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
            distinct.append(Credits())
            faults[position] = f"holds a credit that cannot be read: {error}"
    codes = encoded.indices.to_pylist()
    return [Credits() if code is None else distinct[code] for code in codes], faults_of(encoded, faults)


def net_costs(costs: pa.Array, credits_of: Sequence[Credits]) -> pa.Array:
    """Return costs as text with their discounts taken off, exactly; a cost that is no number stays as it is."""
    discounts = [found.discount for found in credits_of]
    if not any(discounts):
        return costs
    mask = pa.array([bool(discount) for discount in discounts])
    texts = costs.filter(mask).to_pylist()
    reduced = [_reduced(text, discount) for text, discount in zip(texts, filter(None, discounts), strict=True)]
    return pc.replace_with_mask(costs, mask, pa.array(reduced, pa.string()))


def number_of(text: str | None) -> Decimal | None:
    """Read a number as it is written; None where it is none."""
    try:
        value = Decimal(text or "")
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _reduced(text: str | None, discount: Decimal) -> str | None:
    cost = number_of(text)
    return text if cost is None else f"{exact_sum([cost, discount]):f}"


def _credits(items: Any) -> Credits:
    found = [_credit({key.lower(): value for key, value in item.items()}) for item in items]
    promotions = tuple(credit for credit in found if credit.type == _PROMOTION and credit.amount)
    discounts = [credit for credit in found if credit.type != _PROMOTION]
    commitment = next((credit for credit in discounts if credit.type in _COMMITTED and credit.amount), None)
    return Credits(exact_sum(credit.amount for credit in discounts), promotions, commitment)


def _credit(item: Any) -> Credit:
    amount = item.get("amount")
    value = Decimal(0) if amount is None else Decimal(amount)
    if not value.is_finite():
        raise ValueError(f"{amount} is no amount")
    name = item.get("full_name") or item.get("fullname") or item.get("name")
    return Credit(item.get("type") or "", item.get("id"), name, value)
