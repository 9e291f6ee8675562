"""Policy rules on an hour: against the day before, money a request, and any metric against a threshold."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from alerts.alert import ChartPoint
from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.policies.rules import Breach, Held, PolicyRule, team_days
from alerts.detect.presenting import hour_label, minute
from alerts.detect.spend_series import SpendDay

HOUR = timedelta(hours=1)
_DAY_HOURS = 24
_LOOKED_AT = timedelta(hours=48)
_Hours = Mapping[datetime, Decimal]


def above_previous_day(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the hours of the last two days that cost `factor` times the average hour of the UTC day before, or more.

    Hours without a charge cost nothing: the average is over all 24. A day before without any cost is no measure.
    """
    series: dict[tuple[str, str, str], dict[datetime, Decimal]] = defaultdict(dict)
    for row in held.hours:
        of = series[row.team, row.service, row.currency]
        of[row.hour] = total((of.get(row.hour, Decimal(0)), row.cost))
    for (team, service, currency), hours in sorted(series.items()):
        by_day: dict[date, Decimal] = {}
        for hour, cost in hours.items():
            by_day[hour.date()] = total((by_day.get(hour.date(), Decimal(0)), cost))
        for hour, cost in sorted(hours.items()):
            average = cents(by_day.get(hour.date() - timedelta(days=1), Decimal(0)) / _DAY_HOURS)
            limit = times(average, rule.factor)
            if now - _LOOKED_AT <= hour <= now and average > 0 and cost >= limit:
                reason = (
                    f"{service} cost {shown(cost, currency)} in the hour from {minute(hour)}, at least "
                    f"{plain(rule.factor)} times the {shown(average, currency)} an hour of the day before."
                )
                excess = total((cost, -average))
                money = (cents(cost), cents(limit), excess)
                yield Breach(rule, team, service, hour.date(), currency, *money, reason, hour, _chart(hours))


def above_request_cost(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the spans of `lasts` in which a team's requests cost more than `limit` each, on average over the span."""
    spend: dict[tuple[str, str], dict[datetime, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in held.hours:
        spend[row.team, row.currency][row.hour] += row.cost
    requests: dict[str, dict[datetime, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for used in held.hours_of_use:
        if used.metric == rule.metric:
            requests[used.team][used.hour] += used.quantity
    wanted = _hours_of(rule)
    for (team, currency), costs in sorted(spend.items()):
        for end in _ends(requests[team], now):
            span = [end - number * HOUR for number in range(wanted)]
            count = total(requests[team].get(hour, Decimal(0)) for hour in span)
            cost = total(costs.get(hour, Decimal(0)) for hour in span)
            if count > 0 and cost > times(rule.limit, count):
                each = cost / count
                reason = (
                    f"A request of {team} cost {currency} {each:.6f} on average in {wanted} h from "
                    f"{minute(span[-1])}; the limit is {currency} {plain(rule.limit)}."
                )
                yield Breach(rule, team, "", span[-1].date(), currency, cents(cost), None, cost, reason, span[-1])


def past_threshold(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the metrics that stayed above `limit` (or below it) in every hour of `lasts`, by team and pool.

    An hour that no row tells of breaks it: what is not measured is not past the threshold. The floor is held against
    what the team spends in that day.
    """
    values: dict[tuple[str, str], dict[datetime, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for row in held.hours_of_use:
        if row.metric == rule.metric and rule.pool in {"", row.pool}:
            values[row.team, row.pool][row.hour].append(row.quantity)
    spent = team_days(held.spend)
    wanted = _hours_of(rule)
    for (team, pool), by_hour in sorted(values.items()):
        hours = {hour: total(found) for hour, found in by_hour.items()}
        for end in _ends(hours, now):
            span = [end - number * HOUR for number in range(wanted)]
            if all(hour in hours and _is_past(rule, hours[hour]) for hour in span):
                first = span[-1]
                currency, money = _money_of(spent, team, first.date())
                where = f" in {pool}" if pool else ""
                side = "below" if rule.below else "above"
                reason = (
                    f"{rule.metric} of {team}{where} was {side} {plain(rule.limit)} in each of {wanted} h from "
                    f"{minute(first)}, lastly {plain(hours[end])}."
                )
                yield Breach(rule, team, "", first.date(), currency, None, None, money, reason, first)


def _chart(hours: _Hours) -> tuple[ChartPoint, ...]:
    return tuple(ChartPoint(hour_label(hour), hours[hour]) for hour in sorted(hours)[-48:])


def _is_past(rule: PolicyRule, quantity: Decimal) -> bool:
    return quantity < rule.limit if rule.below else quantity > rule.limit


def _hours_of(rule: PolicyRule) -> int:
    return max(1, -(-rule.lasts // HOUR))


def _ends(hours: _Hours, now: datetime) -> list[datetime]:
    """Return the whole hours of the last two days that are known."""
    return [hour for hour in sorted(hours) if now - _LOOKED_AT <= hour and hour + HOUR <= now]


def _money_of(spent: Mapping[tuple[str, str], Mapping[date, SpendDay]], team: str, day: date) -> tuple[str, Decimal]:
    """Return the team's largest spend of the day, or of the newest day before it that is known, with its currency."""
    found = [
        (days[max(known)].amount, currency)
        for (of, currency), days in spent.items()
        if of == team and (known := [each for each in days if each <= day])
    ]
    amount, currency = max(found, default=(Decimal(0), ""))
    return currency, amount
