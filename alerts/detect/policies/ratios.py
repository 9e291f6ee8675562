"""Policy rules on ratios of a day: what a unit costs, and how much goes to the expensive tier."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import median

from alerts.amounts import cents, percent_of, plain, shown, times, total
from alerts.detect.policies.daily import LOOK_BACK
from alerts.detect.policies.rules import Breach, Held, PolicyRule, team_days
from alerts.detect.presenting import midnight
from alerts.policy import any_glob

_LEAST_DAYS = 7
_USUAL_DAYS = 28


def unit_cost_up(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the complete days on which a unit of `metric` cost a team `factor` percent more than the median before.

    The excess is the difference times the units; fewer than 7 earlier days with units are no measure.
    """
    units = _by_day(held, rule.metric)
    for (team, currency), days in sorted(team_days(held.spend).items()):
        before: list[Decimal] = []
        for day in sorted(days):
            count = units[team].get(day, Decimal(0))
            if not days[day].complete or count <= 0:
                continue
            cost = days[day].amount / count
            usual = Decimal(median(before[-_USUAL_DAYS:])) if len(before) >= _LEAST_DAYS else Decimal(0)
            limit = times(usual, 100 + rule.factor).scaleb(-2)
            if usual > 0 and cost >= limit and _is_recent(day, now):
                reason = (
                    f"A unit of {rule.metric} cost {team} {currency} {cost:.6f} on {day}, "
                    f"{percent_of(cost - usual, usual)} % more than the usual {currency} {usual:.6f}."
                )
                money = (cents(days[day].amount), cents(times(limit, count)), times(cost - usual, count))
                yield Breach(rule, team, "", day, currency, *money, reason, midnight(day))
            before.append(cost)


def expensive_share(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the days on which more than `factor` percent of a team's `metric` went to models of the expensive tier.

    The floor is held against what the team spent on that day.
    """
    whole = _by_day(held, rule.metric)
    expensive = _by_day(held, rule.metric, rule.models)
    for (team, currency), days in sorted(team_days(held.spend).items()):
        for day in sorted(whole[team]):
            count, dear = whole[team][day], expensive[team].get(day, Decimal(0))
            if count <= 0 or not _is_recent(day, now) or times(dear, 100) <= times(count, rule.factor):
                continue
            spent = days[day].amount if day in days else Decimal(0)
            reason = (
                f"{percent_of(dear, count)} % of {rule.metric} of {team} went to {', '.join(rule.models)} on {day}; "
                f"the limit is {plain(rule.factor)} %. {team} cost {shown(spent, currency)} that day."
            )
            yield Breach(rule, team, "", day, currency, cents(spent), None, spent, reason, midnight(day))


def _by_day(held: Held, metric: str, models: tuple[str, ...] = ()) -> dict[str, dict[date, Decimal]]:
    found: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for row in held.days_of_use:
        if row.metric == metric and (not models or any_glob(models, row.model)):
            found[row.team][row.day] = total((found[row.team].get(row.day, Decimal(0)), row.quantity))
    return found


def _is_recent(day: date, now: datetime) -> bool:
    today = now.astimezone(UTC).date()
    return today - LOOK_BACK <= day <= today
