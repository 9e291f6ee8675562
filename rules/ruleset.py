"""The nouns of a rule set: teams, budgets, rules and shared teams, as loaded and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Budget:
    """What a team may spend, in `currency` where given. Percentages are of `monthly`."""

    monthly: Decimal
    daily_soft: Decimal | None = None
    daily_hard: Decimal | None = None
    thresholds: tuple[Decimal, ...] = (Decimal(80), Decimal(100), Decimal(120))
    emergency: Decimal = Decimal(150)


@dataclass(frozen=True)
class FormerName:
    """A name that a team had until a day (exclusive)."""

    name: str
    until: date


@dataclass(frozen=True)
class Team:
    """An owner. `aliases` are spellings that resolve to it; `owner` and `slack` say who to ask and where."""

    id: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    was: tuple[FormerName, ...] = ()
    cost_center: str = ""
    owner: str = ""
    slack: str = ""
    budget: Budget | None = None
    line: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
