"""The nouns of a rule set: teams, budgets, rules and shared teams, as loaded and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rules.matchers import EVERYTHING, Matcher
from rules.outcomes import CostSplit, FixedSplit, Outcome, UsageSplit


@dataclass(frozen=True)
class Budget:
    """What a team may spend. Percentages are of `monthly`, and of what `rolling` allows for so many days in a row."""

    monthly: Decimal
    daily_soft: Decimal | None = None
    daily_hard: Decimal | None = None
    thresholds: tuple[Decimal, ...] = (Decimal(80), Decimal(100), Decimal(120))
    emergency: Decimal = Decimal(150)
    rolling: tuple[tuple[int, Decimal], ...] = ()


@dataclass(frozen=True)
class FormerName:
    """A name that a team had until a day (exclusive)."""

    name: str
    until: date


@dataclass(frozen=True)
class Team:
    """An owner, on the UTC days [start, end); outside of them its names name nobody.

    `aliases` are spellings that resolve to it; `owner` and `slack` say who to ask and where; `parent` is the id of the
    team that it is a part of, "" for none. `time_zone`
    is an IANA name: its days begin and end there for daily limits, and for nothing else.
    """

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
    start: date | None = None
    end: date | None = None
    time_zone: str = "UTC"
    parent: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule: what it matches, what follows, and the UTC days [start, end) on which it holds."""

    name: str
    outcome: Outcome
    match: Matcher = EVERYTHING
    start: date | None = None
    end: date | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class SharedTeam:
    """A provider team whose whole cost goes on to its consumers on the UTC days [start, end)."""

    team: str
    split: UsageSplit | CostSplit | FixedSplit
    start: date | None = None
    end: date | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class RuleSet:
    """Teams, ordered rules, shared teams and dimensions.

    `dimensions` maps a dimension of the allocations to the column it is taken from, `more_dimensions` those of the
    user's own naming, ordered by name. `required_tags` are keys that every charge should have. `digest` is of all that
    attribution and its explanations show (lines too, but not budgets and contacts), and names the `text`, the
    stored form that `rules.load.restore` reads. Whether a day is attributed alike says `rules.daily.digest`.
    """

    teams: tuple[Team, ...] = ()
    rules: tuple[Rule, ...] = ()
    shared: tuple[SharedTeam, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    more_dimensions: tuple[tuple[str, str], ...] = ()
    required_tags: tuple[str, ...] = ()
    digest: str = ""
    text: str = ""


def holds_on(dated: Rule | SharedTeam | Team, day: date) -> bool:
    """Return whether a rule, a shared team or a team holds on a UTC day."""
    return (dated.start is None or dated.start <= day) and (dated.end is None or day < dated.end)
