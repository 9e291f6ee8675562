"""What every team truly spends, so that budgets can be set to be over, approaching and on track."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attributor.demo.bills import Sold
from attributor.demo.curves import Integers
from attributor.demo.fees import MONTHLY_FEES
from attributor.demo.gpus import GpuHours
from attributor.demo.organisation import TEAMS
from attributor.demo.plan import DemoPlan
from attributor.demo.tokens import SHARED_TRAFFIC
from attributor.demo.usage import TRAINING
from attributor.money import to_units
from attributor.periods import month_of

ACTIVITY_RATES = (("training.gpu_hours", "2.10"), ("experiment.runs", "14.00"))
RESERVATION_WEIGHTS = {"search": 50, "ads": 30, "data": 20}
OVER = "research"
APPROACHING = "ads"
_PER_CENT_OF_BUDGET = {OVER: 109, APPROACHING: 89}
_ROOM = 135
_RECENT_DAYS = 14
_DOLLAR = 10**12


@dataclass(frozen=True)
class TeamSpend:
    """A team's effective cost in 1e-12 USD: so far this month, and expected for a whole month at the recent rate."""

    month_to_date: int
    month_expected: int


def team_spend(plan: DemoPlan, sold: Sequence[Sold], gpus: GpuHours, support_and_tax: int) -> dict[str, TeamSpend]:
    """Return each team's spend, shared costs divided as the rules will divide them, to within a few percent.

    `support_and_tax` is what this month's bill holds of both, in 1e-12 USD; it falls on all in proportion.
    """
    daily = {team.id: np.zeros(plan.days, dtype=np.int64) for team in TEAMS}
    for bill in sold:
        for index, line in enumerate(bill.lines):
            _add(daily, bill.units(index), _weights(line.team, line.key, gpus))
    month = month_of(plan.today)
    billed_this_month = max(0, (plan.today - month.first).days)
    fees = {team: to_units(amount) for team, _, amount in MONTHLY_FEES}
    own = {
        team: int(units[max(0, plan.days - billed_this_month) :].sum()) * (billed_this_month > 0) + fees.get(team, 0)
        for team, units in daily.items()
    }
    everything = max(1, sum(own.values()))
    recent = min(_RECENT_DAYS, plan.days)
    return {
        team: TeamSpend(
            month_to_date=own[team] + support_and_tax * own[team] // everything,
            month_expected=int(daily[team][-recent:].sum()) // recent * month.days + fees.get(team, 0),
        )
        for team in daily
    }


def budgets(spend: Mapping[str, TeamSpend]) -> dict[str, int]:
    """Return round monthly budgets in dollars: one team is over its own, one approaches it, the others are on track."""
    rounded: dict[str, int] = {}
    for team, each in spend.items():
        percent = _PER_CENT_OF_BUDGET.get(team)
        if percent is None:
            rounded[team] = max(1, -(-each.month_expected * _ROOM // 100 // (500 * _DOLLAR))) * 500
        else:
            rounded[team] = max(1, each.month_to_date * 100 // percent // (100 * _DOLLAR)) * 100
    return rounded


def _add(daily: dict[str, Integers], units: Integers, weights: Mapping[str, int]) -> None:
    whole = sum(weights.values())
    for team, weight in weights.items():
        if team in daily:
            daily[team] += units // whole * weight


def _weights(team: str, key: str, gpus: GpuHours) -> Mapping[str, int]:
    """Return who bears a line: its team, or those who share it."""
    if team != "shared":
        return {team: 1}
    if key == "gpu nodes":
        return _gpu_weights(gpus)
    if key == "training":
        return _training_weights()
    if key == "reservation":
        return RESERVATION_WEIGHTS
    if key == "security":
        return {each.id: 1 for each in TEAMS}
    return {traffic.team: int(traffic.dollars) for traffic in SHARED_TRAFFIC}


def _gpu_weights(gpus: GpuHours) -> Mapping[str, int]:
    weights = {team.id: 0 for team in TEAMS}
    for index, holding in enumerate(gpus.holding):
        weights[holding.team] += int(gpus.held[index].sum())
    weights["platform"] += int(gpus.held.size) - int(gpus.held.sum())
    return weights


def _training_weights() -> Mapping[str, int]:
    rates = [float(rate) for _, rate in ACTIVITY_RATES]
    claims = {team: int(hours * rates[0] + runs * rates[1]) for team, hours, runs in TRAINING}
    return claims | {"platform": max(0, 1_500 - sum(claims.values()))}
