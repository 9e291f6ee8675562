"""The nouns of an explanation: from an amount to rules, to weights, to charges; each level sums to the one above."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Question:
    """What a team was given by the charges at hand, of those that agree with `where`.

    `where` is by column of `schema.ALLOCATIONS`, or "dimensions.NAME" for a configured dimension; "" is none given,
    None any that is.
    """

    team: str
    where: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Costs:
    """The three costs of something, in its currency."""

    billed: Decimal
    effective: Decimal
    list: Decimal


@dataclass(frozen=True)
class Weight:
    """One owner's part of a split: the quantity measured (rounded to 1e-12) and the exact share it led to."""

    owner: str
    idle_cause: str
    quantity: Decimal
    share: Fraction


@dataclass(frozen=True)
class UsageRow:
    """A row of usage: who told it, the hour that it is of (aware UTC), and where it was read ("" where unknown)."""

    source: str
    hour: datetime
    pool: str
    quantity: Decimal
    origin: str


@dataclass(frozen=True)
class MoreUsage:
    """The rows of usage that are not listed, as one exact line."""

    count: int
    quantity: Decimal


@dataclass(frozen=True)
class UsedBy:
    """What an owner used of a metric in a window; the rows and `more` sum to `quantity`. `pool` is "" for all pools."""

    metric: str
    pool: str
    owner: str
    quantity: Decimal
    rows: tuple[UsageRow, ...]
    more: MoreUsage | None


@dataclass(frozen=True)
class CostDay:
    """What rules before those by cost gave an owner on a UTC day, of effective cost, and of how many charges.

    `charges` is None where they were not counted.
    """

    day: date
    cost: Decimal
    charges: int | None


@dataclass(frozen=True)
class WeighedBy:
    """The cost that was an owner's weight; the days, oldest first, sum to it."""

    owner: str
    cost: Decimal
    days: tuple[CostDay, ...]


@dataclass(frozen=True)
class Flow:
    """What a shared team's consumers used of it, before teams that serve each other are solved.

    `unit` is what the weights were measured in ("" for a blend); a team's use of itself is among them. `weighed_by` is
    the cost of the owner that is asked about, where the weights are costs.
    """

    provider: str
    unit: str
    weights: tuple[Weight, ...]
    weighed_by: tuple[WeighedBy, ...]


@dataclass(frozen=True)
class Reason:
    """Why charges were left without an owner; the reasons of a part sum to it in every cost."""

    text: str
    costs: Costs


@dataclass(frozen=True)
class ChargeShare:
    """A charge: where it was read, its own costs, and what of it the team was given."""

    origin: str
    own: Costs
    share: Costs

    @property
    def effective(self) -> Decimal:
        """The charge's own effective cost."""
        return self.own.effective


@dataclass(frozen=True)
class MoreCharges:
    """The charges that are not listed, as one exact line."""

    count: int
    own: Costs
    share: Costs

    @property
    def effective(self) -> Decimal:
        """The charges' own effective cost."""
        return self.own.effective


@dataclass(frozen=True)
class Weighing:
    """What was split by the same weights. `metric` is "" where nothing was measured; the window is half-open UTC.

    Several metrics or pools are listed, and `note` says what is remarkable about the weights ("" where nothing is).

    `unit` is what the weights' quantities are in: a metric, a currency, "Shares" as a rule writes them, or "". `usage`
    is what each owner used, with the rows of the owner that is asked about and of the capacity; `weighed_by` its cost,
    where the weights are costs.

    `charges` are the largest by their share, the rest is `more`; together they sum to `costs`. A direct rule has one
    weighing without weights.
    """

    metric: str
    pool: str
    window_start: datetime | None
    window_end: datetime | None
    weights: tuple[Weight, ...]
    note: str
    unit: str
    usage: tuple[UsedBy, ...]
    weighed_by: tuple[WeighedBy, ...]
    costs: Costs
    charges: tuple[ChargeShare, ...]
    more: MoreCharges | None


@dataclass(frozen=True)
class RulePart:
    """What one rule gave, for one cause. `rule` is "" and `line` 0 where no rule claimed the charges.

    `shared_step` is the provider team whose cost was passed on, `step_weights` where all of it went, and `step_flows`
    what was used of each shared team of that day, which solved together led there. `reasons` say why the charges have
    no owner, where they have none.
    """

    rule: str
    file: str
    line: int
    method: str
    idle_cause: str
    fallback: str
    shared_step: str
    step_weights: tuple[Weight, ...]
    step_flows: tuple[Flow, ...]
    reasons: tuple[Reason, ...]
    costs: Costs
    weighings: tuple[Weighing, ...]


@dataclass(frozen=True)
class CurrencyPart:
    """The amount in one currency and the rules that it came by, the largest first."""

    currency: str
    costs: Costs
    parts: tuple[RulePart, ...]


@dataclass(frozen=True)
class Explanation:
    """The answer to a question; empty where the team was given nothing."""

    question: Question
    currencies: tuple[CurrencyPart, ...]
