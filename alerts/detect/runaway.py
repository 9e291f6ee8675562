"""Runaway spend: an hour of a team's usage that costs far more than any hour did, seen while it runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from alerts.alert import Alert, ChartPoint, Findings
from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.drivers import CostPart, drivers_of
from alerts.detect.drivers_told import with_drivers
from alerts.detect.policies.rules import HourCost
from alerts.detect.presenting import hour_label, minute, team_link

HOUR = timedelta(hours=1)
HISTORY = timedelta(days=8)
"""How far back hours are wanted."""

_TOLD_APART = ("model", "key", "feature", "project")
_RUNNING = timedelta(days=1)
"""Hours this young may be part of the runaway: the usual is taken from before them."""


@dataclass(frozen=True)
class RunawayPolicy:
    """An hour runs away at `times_usual` the busiest hour of the week before the last day, and at `minimum` at least.

    A team without hours then is held against `minimum` alone. Money is in the usage's currency.
    """

    minimum: Decimal = Decimal(50)
    times_usual: Decimal = Decimal(3)


def runaway_spend(hours: Sequence[HourCost], now: datetime, policy: RunawayPolicy | None = None) -> Findings:
    """Return an alert for each team whose present or last hour ran away; key `runaway:<team>:<currency>`.

    `hours` are of HISTORY, the present one so far among them; `service` is what the money went to, such as a model.
    What drives the excess over the busiest hour is found among it and what the hours `said`.
    """
    limits = policy or RunawayPolicy()
    by_team: dict[tuple[str, str], dict[datetime, list[HourCost]]] = defaultdict(lambda: defaultdict(list))
    for row in hours:
        if now - HISTORY <= row.hour <= now:
            by_team[row.team, row.currency][row.hour].append(row)
    found = (_judged(key, by_hour, now, limits) for key, by_hour in sorted(by_team.items()))
    return Findings("runaway", tuple(alert for alert in found if alert is not None))


def without_what_was_said(hours: Iterable[HourCost]) -> list[HourCost]:
    """Return hours of the past added up: only of each team's busiest one it matters what the usage said of itself."""
    costs: dict[tuple[str, str], dict[datetime, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    rows = list(hours)
    for row in rows:
        of_team = costs[row.team, row.currency]
        of_team[row.hour] = total((of_team[row.hour], row.cost))
    busiest = {key: _busiest(of_team) for key, of_team in costs.items()}
    kept = [row for row in rows if row.hour == busiest[row.team, row.currency]]
    added: dict[HourCost, list[Decimal]] = defaultdict(list)
    for row in rows:
        if row.hour != busiest[row.team, row.currency]:
            added[replace(row, cost=Decimal(0), said=())].append(row.cost)
    return [*kept, *(replace(row, cost=total(found)) for row, found in added.items())]


def _busiest(costs: Mapping[datetime, Decimal]) -> datetime | None:
    """Return the hour that cost most, the latest of equal ones."""
    return max(costs, key=lambda hour: (costs[hour], hour), default=None)


def _judged(
    key: tuple[str, str], by_hour: Mapping[datetime, list[HourCost]], now: datetime, policy: RunawayPolicy
) -> Alert | None:
    costs = {hour: total(row.cost for row in rows) for hour, rows in by_hour.items()}
    usual = _busiest({hour: cost for hour, cost in costs.items() if hour < now - _RUNNING})
    busiest = Decimal(0) if usual is None else costs[usual]
    limit = max(policy.minimum, times(busiest, policy.times_usual))
    lately = [hour for hour in sorted(costs) if hour > now - 2 * HOUR and costs[hour] >= limit]
    if not lately:
        return None
    worst = max(lately, key=costs.__getitem__)
    alert = _alert(key, costs, (worst, busiest, limit))
    found = drivers_of(_parts(by_hour[worst], by_hour[usual] if usual is not None else ()), _TOLD_APART)
    return alert if found is None else with_drivers(alert, found)


def _parts(worst: Iterable[HourCost], usual: Iterable[HourCost]) -> list[CostPart]:
    made = [CostPart(_values(row), Fraction(row.cost), Fraction(0)) for row in worst]
    return [*made, *(CostPart(_values(row), Fraction(0), Fraction(row.cost)) for row in usual)]


def _values(row: HourCost) -> dict[str, str]:
    return {"model": row.service or "(no name)", **dict(row.said)}


def _alert(
    key: tuple[str, str],
    costs: Mapping[datetime, Decimal],
    found: tuple[datetime, Decimal, Decimal],
) -> Alert:
    (team, currency), (worst, busiest, limit) = key, found
    usual = (
        f"the busiest hour of the week before cost {shown(busiest, currency)}" if busiest else "no hour is known before"
    )
    return Alert(
        key=f"runaway:{team}:{currency}",
        kind="runaway",
        team=team,
        severity="critical",
        title=f"Usage of {team} runs away",
        summary=f"{team} has used {shown(costs[worst], currency)} in the hour from {minute(worst)}, by list or "
        f"configured prices; {usual}. The limit is {shown(limit, currency)}.",
        started_at=worst,
        currency=currency,
        amount=cents(costs[worst]),
        threshold=cents(limit),
        chart=tuple(
            ChartPoint(hour_label(hour), costs[hour], marked=costs[hour] >= limit) for hour in sorted(costs)[-48:]
        ),
        link=team_link(team, worst.date()),
        facts={"busiest": plain(cents(busiest))},
    )
