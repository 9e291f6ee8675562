"""A line of a bill: what recurs day after day, where, for whom and for how much."""

from dataclasses import dataclass
from typing import Literal

Rhythm = Literal["steady", "workdays", "nights"]


@dataclass(frozen=True)
class Sku:
    """What a provider sells. `price` is the list price of one `unit` in millionths of a dollar.

    `discount` is the percentage off by contract, `committed` the one off under a commitment.
    """

    id: str
    service: str
    category: str
    description: str
    unit: str
    price: int
    resource_type: str
    discount: int = 0
    committed: int = 0

    @property
    def contracted_price(self) -> int:
        """The price by contract, in millionths of a dollar."""
        return self.price * (100 - self.discount) // 100

    @property
    def committed_price(self) -> int:
        """The price under a commitment, in millionths of a dollar."""
        return self.price * (100 - self.committed) // 100


@dataclass(frozen=True)
class Account:
    """A sub-account: an AWS account, an Azure subscription, a Google Cloud project, an organisation of an LLM API."""

    id: str
    name: str


@dataclass(frozen=True)
class Line:
    """One recurring piece of spend of `dollars` a day at the end of the demo.

    `team` is who it truly belongs to ("" where nobody knows); `tagged` says whether a team tag stands on it.
    `rows` is the fewest charges a day; `grows` whether more of them are written where more charges are asked for;
    `even` whether its charges are all of one size.
    """

    sku: Sku
    account: Account
    team: str
    dollars: float
    rhythm: Rhythm = "steady"
    tags: tuple[tuple[str, str], ...] = ()
    tagged: bool = True
    covered: bool = False
    rows: int = 1
    grows: bool = True
    even: bool = False
    monthly_growth: float = 0.03
    key: str = ""
    """A name by which an incident finds the line."""

    @property
    def unit_cost(self) -> int:
        """What one unit costs in effect, in millionths of a dollar."""
        return self.sku.committed_price if self.covered else self.sku.contracted_price


@dataclass(frozen=True)
class Provider:
    """Whose bill it is, and where it runs."""

    source: str
    name: str
    issuer: str
    billing_account: Account
    regions: tuple[str, ...]
    commitment: str = ""
    """The id of its commitment discount."""
