"""The nouns of policy rules: what a user turned on, what it is held against, and what passed it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from alerts.alert import ChartPoint, Contributor, Severity
from alerts.detect.spend_series import SpendDay, SpendSeries
from alerts.policy import any_glob

PolicyKind = Literal[
    "daily_spend", "hour", "daily_budget", "expected_day", "unit_cost", "request_cost", "expensive_share", "metric"
]


@dataclass(frozen=True)
class PolicyRule:
    """A rule of the user's. `teams` are globs, empty for all; `floor` is money below which nothing is said.

    `factor` is what the kind compares with: times the normal or previous, or percent. `limit` is money a request, or
    the threshold of `metric`. `models` are globs of the expensive tier. `lasts` is how long a limit must be passed.
    """

    name: str
    kind: PolicyKind
    teams: tuple[str, ...] = ()
    floor: Decimal = Decimal(50)
    severity: Severity = "warning"
    factor: Decimal = Decimal(0)
    limit: Decimal = Decimal(0)
    metric: str = ""
    pool: str = ""
    models: tuple[str, ...] = ()
    lasts: timedelta = timedelta(hours=1)
    below: bool = False

    def is_for(self, team: str) -> bool:
        """Say whether the rule holds for a team."""
        return not self.teams or any_glob(self.teams, team)


@dataclass(frozen=True)
class HourCost:
    """What a team spent on a service in one hour; `hour` is the aware UTC start.

    `said` is what usage says of itself (key, feature, project), by name, where it was asked for.
    """

    team: str
    service: str
    currency: str
    hour: datetime
    cost: Decimal
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HourUse:
    """What a team used of a metric in one hour; `model` may be empty."""

    team: str
    metric: str
    pool: str
    model: str
    hour: datetime
    quantity: Decimal


@dataclass(frozen=True)
class DayUse:
    """What a team used of a metric on one UTC day; `model` may be empty."""

    team: str
    metric: str
    pool: str
    model: str
    day: date
    quantity: Decimal


@dataclass(frozen=True)
class Held:
    """What policy rules are held against; each part is empty where no rule asks for it.

    `spend` are the series that the spend detector judges. `budgets` are money a month by team.
    """

    spend: Sequence[SpendSeries] = ()
    hours: Sequence[HourCost] = ()
    budgets: Mapping[str, Decimal] = field(default_factory=dict)
    days_of_use: Sequence[DayUse] = ()
    hours_of_use: Sequence[HourUse] = ()


@dataclass(frozen=True)
class Breach:
    """A rule that was passed on a UTC day, on a team's `service` ("" for the whole team), as a sentence says it.

    `amount` and `threshold` are money in `currency`, or None where the rule is not about money; `excess` is the money
    that the floor is held against. `chart` and `contributors` show where it comes from, and may be empty.
    """

    rule: PolicyRule
    team: str
    service: str
    day: date
    currency: str
    amount: Decimal | None
    threshold: Decimal | None
    excess: Decimal
    reason: str
    since: datetime
    chart: tuple[ChartPoint, ...] = ()
    contributors: tuple[Contributor, ...] = ()


def worth_telling(breaches: Iterable[Breach]) -> list[Breach]:
    """Return the breaches whose rule is for their team and whose money reaches its floor."""
    return [each for each in breaches if each.rule.is_for(each.team) and each.excess >= each.rule.floor]


def team_days(series: Iterable[SpendSeries]) -> dict[tuple[str, str], dict[date, SpendDay]]:
    """Return what teams spent on each day, by team and currency; complete where every service is."""
    found: dict[tuple[str, str], dict[date, SpendDay]] = {}
    for each in series:
        days = found.setdefault((each.team, each.currency), {})
        for day in each.days:
            known = days.get(day.day, SpendDay(day.day, Decimal(0)))
            days[day.day] = SpendDay(day.day, known.amount + day.amount, known.complete and day.complete)
    return found


def day_chart(days: Iterable[SpendDay]) -> tuple[ChartPoint, ...]:
    """Return the newest 31 of days in order as a chart; nothing is marked yet."""
    return tuple(ChartPoint(f"{day.day}", day.amount) for day in list(days)[-31:])


def services_of(series: Iterable[SpendSeries], team: str, currency: str, day: date) -> tuple[Contributor, ...]:
    """Return what a team's services cost on a day, the largest first."""
    found = [
        Contributor(each.service or "(no service)", told.amount)
        for each in series
        if (each.team, each.currency) == (team, currency)
        for told in each.days
        if told.day == day and told.amount
    ]
    return tuple(sorted(found, key=lambda each: -(each.amount or Decimal(0))))
