"""What every team truly spends, and the budgets that make one team be over, one approach, and the rest be on track."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from attributor.demo.curves import Integers
from attributor.demo.gpus import GpuHours
from attributor.demo.monthly import monthly_charges, overhead
from attributor.demo.organisation import TEAMS
from attributor.demo.plan import DemoPlan
from attributor.demo.sold import Sold, days_of
from attributor.demo.tokens import SHARED_TRAFFIC
from attributor.demo.usage import TRAINING
from attributor.periods import month_of

ACTIVITY_RATES = (("training.gpu_hours", "2.10"), ("experiment.runs", "14.00"))
RESERVATION_WEIGHTS = {"search": 50, "ads": 30, "data": 20}
OVER = "research"
APPROACHING = "ads"
_PERCENT_USED = {OVER: 109, APPROACHING: 89}
_ROOM_PERCENT = 135
_ORDINARY = slice(-20, -6)
"""The days whose average is what a team usually costs: the last fortnight before the incidents."""
_DOLLAR = 10**12
_ROUNDS = 6


@dataclass(frozen=True)
class Finances:
    """By team: `month_to_date` in 1e-12 USD, to within a few percent of what the rules will give; `budgets` a month
    and this month's `contracts` in USD.
    """

    month_to_date: Mapping[str, int]
    budgets: Mapping[str, Decimal]
    contracts: Mapping[str, Decimal]


def finances(plan: DemoPlan, sold: Sequence[Sold], gpus: GpuHours) -> Finances:
    """Set round budgets with room for an ordinary month, then size this month's contracts to the states wanted.

    Contracts are charged on the first, so that a budget is passed on any day of a month.
    """
    month = month_of(plan.today)
    daily = _daily(plan, sold, gpus)
    used = {team: int(units[days_of(plan, month)].sum()) for team, units in daily.items()}
    budgets = {team: _budget(units, month.days) for team, units in daily.items()}
    shared = overhead(monthly_charges(plan, sold[0], month, {}))
    contracts = _contracts(used, budgets, shared)
    spent = {team: units + contracts.get(team, 0) * _DOLLAR for team, units in used.items()}
    whole = max(1, sum(spent.values()))
    return Finances(
        month_to_date={team: units + shared * units // whole for team, units in spent.items()},
        budgets={team: Decimal(budget) for team, budget in budgets.items()},
        contracts={team: Decimal(amount) for team, amount in contracts.items()},
    )


def _budget(daily: Integers, days: int) -> int:
    ordinary = daily[_ORDINARY]
    month = int(ordinary.sum()) // ordinary.size * days
    return max(1, -(-month * _ROOM_PERCENT // 100 // (500 * _DOLLAR))) * 500


def _contracts(used: Mapping[str, int], budgets: Mapping[str, int], shared: int) -> dict[str, int]:
    """Return in whole dollars what lifts each team to its percentage of its budget.

    What is shared falls on all in proportion to their cost, the contracts included: so approach it step by step.
    """
    contracts = {team: budgets[team] for team in _PERCENT_USED}
    for _ in range(_ROUNDS):
        whole = max(1, sum(used.values()) + sum(contracts.values()) * _DOLLAR)
        for team, percent in _PERCENT_USED.items():
            wanted = budgets[team] * _DOLLAR * percent // 100
            contracts[team] = max(0, wanted * whole // (whole + shared) - used[team]) // _DOLLAR
    return contracts


def _daily(plan: DemoPlan, sold: Sequence[Sold], gpus: GpuHours) -> dict[str, Integers]:
    daily = {team.id: np.zeros(plan.days, dtype=np.int64) for team in TEAMS}
    for bill in sold:
        for index, line in enumerate(bill.lines):
            weights = _weights(line.team, line.key, gpus)
            whole = sum(weights.values())
            for team in weights.keys() & daily.keys():
                daily[team] += bill.units(index) // whole * weights[team]
    return daily


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
