"""How a team stands against its budget: pure functions of the budget and what was spent."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

from rules.ruleset import Budget

State = Literal["on_track", "approaching", "over", "hard_limit"]

_STATES: tuple[State, ...] = ("approaching", "over", "hard_limit")
_EXACT = Context(prec=60)
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class BudgetStatus:
    """Where a team stands. Money is in the budget's currency; `used` and `forecast_used` are percent of `budget`.

    They are None for a budget of 0. `threshold` is the highest one reached, in percent, or None. `forecast_state` is
    the state that the forecast leads to, or None without one.
    """

    state: State
    budget: Decimal
    spent: Decimal
    remaining: Decimal
    used: Decimal | None
    threshold: Decimal | None
    emergency: bool
    forecast: Decimal | None = None
    forecast_used: Decimal | None = None
    forecast_state: State | None = None


def status(budget: Budget, spent: Decimal, forecast: Decimal | None = None) -> BudgetStatus:
    """Return the state of a month's spending against the monthly budget.

    The thresholds, ascending, lead to approaching, over and hard_limit; thresholds beyond the third stay hard_limit.
    A threshold is reached where spent >= budget x threshold, compared exactly. Anything spent against a budget of 0
    is past every threshold.
    """
    reached = _reached(budget, spent)
    return BudgetStatus(
        state=_state(len(reached)),
        budget=budget.monthly,
        spent=spent,
        remaining=_EXACT.subtract(budget.monthly, spent),
        used=_percent(budget, spent),
        threshold=reached[-1] if reached else None,
        emergency=_is_past(budget.monthly, spent, budget.emergency),
        forecast=forecast,
        forecast_used=None if forecast is None else _percent(budget, forecast),
        forecast_state=None if forecast is None else _state(len(_reached(budget, forecast))),
    )


def burn_rate(spent: Decimal, days_elapsed: Decimal) -> Decimal:
    """Return money a day so far in the month, to twelve decimals; 0 before anything elapsed.

    `days_elapsed` may be a fraction of a day; raises ValueError where it is negative.
    """
    if days_elapsed < 0:
        raise ValueError(f"{days_elapsed} days cannot have elapsed")
    if not days_elapsed:
        return Decimal(0)
    return _EXACT.divide(spent, days_elapsed).quantize(Decimal("1e-12"), context=_EXACT)


def _reached(budget: Budget, spent: Decimal) -> tuple[Decimal, ...]:
    return tuple(threshold for threshold in budget.thresholds if _is_past(budget.monthly, spent, threshold))


def _is_past(monthly: Decimal, spent: Decimal, percent: Decimal) -> bool:
    if not monthly:
        return spent > 0
    return _EXACT.multiply(spent, _HUNDRED) >= _EXACT.multiply(monthly, percent)


def _state(reached: int) -> State:
    return _STATES[min(reached, len(_STATES)) - 1] if reached else "on_track"


def _percent(budget: Budget, amount: Decimal) -> Decimal | None:
    """Return the percentage to sixty digits, which is exact wherever it ends."""
    if not budget.monthly:
        return None
    return _EXACT.divide(_EXACT.multiply(amount, _HUNDRED), budget.monthly)
