"""A budget's burn-down as a small drawing: what was left, day by day, beside an even pace."""

from dataclasses import dataclass

from attributor.reports.budgets import BudgetPace

WIDTH, HEIGHT = 160, 40


@dataclass(frozen=True)
class BurnDown:
    """Points of the line in the drawing's own units, and how high zero lies."""

    points: str
    zero: float


def burn_down(pace: BudgetPace, days: int) -> BurnDown | None:
    """Return the drawing of a budget over a month of so many days; None where nothing can be drawn.

    Amounts become floats here, for drawing alone.
    """
    budget = float(pace.line.budget)
    if budget <= 0 or not pace.days:
        return None
    left = [1.0, *(float(day.remaining) / budget for day in pace.days)]
    lowest = min(0.0, *left)
    scale = HEIGHT / (1.0 - lowest)
    points = " ".join(f"{at * WIDTH / days:.1f},{(1.0 - share) * scale:.1f}" for at, share in enumerate(left))
    return BurnDown(points, round(scale, 1))
