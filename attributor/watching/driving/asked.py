"""The nouns of what drives an excess: of what the cost is asked, and the parts that it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Asked:
    """Of what the cost is asked: a team's `service` ("" for all) in a currency, on UTC days and on others before."""

    team: str
    service: str
    currency: str
    days: tuple[date, ...]
    before: tuple[date, ...]


@dataclass(frozen=True)
class PartCost:
    """What of a cost agrees in all dimensions: on the days asked of, and on those before; in the question's currency.

    `values` are by dimension, those that have one.
    """

    values: Mapping[str, str]
    cost: Decimal
    before: Decimal
