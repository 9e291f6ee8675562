"""Runaway spend: an hour of a team's usage that costs far more than any hour did, seen while it runs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from alerts.alert import Alert, ChartPoint, Contributor, Findings
from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.policies.rules import HourCost
from alerts.detect.presenting import minute, team_link

HOUR = timedelta(hours=1)
HISTORY = timedelta(days=8)
"""How far back hours are wanted."""

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
    """
    limits = policy or RunawayPolicy()
    by_team: dict[tuple[str, str], dict[datetime, list[HourCost]]] = defaultdict(lambda: defaultdict(list))
    for row in hours:
        if now - HISTORY <= row.hour <= now:
            by_team[row.team, row.currency][row.hour].append(row)
    found = (_judged(key, by_hour, now, limits) for key, by_hour in sorted(by_team.items()))
    return Findings("runaway", tuple(alert for alert in found if alert is not None))


def _judged(
    key: tuple[str, str], by_hour: Mapping[datetime, list[HourCost]], now: datetime, policy: RunawayPolicy
) -> Alert | None:
    costs = {hour: total(row.cost for row in rows) for hour, rows in by_hour.items()}
    busiest = max((cost for hour, cost in costs.items() if hour < now - _RUNNING), default=Decimal(0))
    limit = max(policy.minimum, times(busiest, policy.times_usual))
    lately = [hour for hour in sorted(costs) if hour > now - 2 * HOUR and costs[hour] >= limit]
    return _alert(key, by_hour, costs, (max(lately, key=costs.__getitem__), busiest, limit)) if lately else None


def _alert(
    key: tuple[str, str],
    by_hour: Mapping[datetime, list[HourCost]],
    costs: Mapping[datetime, Decimal],
    found: tuple[datetime, Decimal, Decimal],
) -> Alert:
    (team, currency), (worst, busiest, limit) = key, found
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for row in by_hour[worst]:
        parts[row.service or "(no name)"] = total((parts[row.service or "(no name)"], row.cost))
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
        contributors=tuple(
            Contributor(name, cents(cost)) for name, cost in sorted(parts.items(), key=lambda pair: -pair[1])[:5]
        ),
        chart=tuple(
            ChartPoint(f"{hour:%Y-%m-%dT%H:00Z}", costs[hour], marked=costs[hour] >= limit)
            for hour in sorted(costs)[-48:]
        ),
        link=team_link(team, worst.date()),
        facts={"busiest": plain(cents(busiest))},
    )
