"""The nouns of an explanation: from an amount to rules, to weights, to charges; each level sums to the one above."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Question:
    """What a team was given by the charges at hand; of one service, or of all."""

    team: str
    service: str | None = None


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
class ChargeShare:
    """A charge: where it was read, its own effective cost, and what of it the team was given."""

    origin: str
    effective: Decimal
    share: Costs


@dataclass(frozen=True)
class MoreCharges:
    """The charges that are not listed, as one exact line."""

    count: int
    effective: Decimal
    share: Costs


@dataclass(frozen=True)
class Weighing:
    """What was split by the same weights. `metric` is "" where nothing was measured; the window is half-open UTC.

    Several metrics or pools are listed, and `note` says what is remarkable about the weights ("" where nothing is).

    `charges` are the largest by their share, the rest is `more`; together they sum to `costs`. A direct rule has one
    weighing without weights.
    """

    metric: str
    pool: str
    window_start: datetime | None
    window_end: datetime | None
    weights: tuple[Weight, ...]
    note: str
    costs: Costs
    charges: tuple[ChargeShare, ...]
    more: MoreCharges | None


@dataclass(frozen=True)
class RulePart:
    """What one rule gave, for one cause. `rule` is "" and `line` 0 where no rule claimed the charges.

    `shared_step` is the provider team whose cost was passed on, and `step_weights` where all of it went.
    """

    rule: str
    file: str
    line: int
    method: str
    idle_cause: str
    fallback: str
    shared_step: str
    step_weights: tuple[Weight, ...]
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
