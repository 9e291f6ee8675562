"""How spend moves: weekdays, slow growth, noise, and the incidents on top."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from attributor.demo.incidents import LEVEL_SHIFT_PERCENT, Timetable
from attributor.demo.line import Line, Rhythm
from attributor.demo.plan import DemoPlan

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_WEEK: dict[Rhythm, tuple[float, ...]] = {
    "steady": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "workdays": (1.04, 1.07, 1.06, 1.05, 1.0, 0.80, 0.76),
    "nights": (0.96, 1.0, 1.02, 1.0, 1.04, 1.06, 0.92),
}
_NOISE = 0.025
_DAYS_A_MONTH = 30.0


def daily_factors(line: Line, plan: DemoPlan, noise: np.random.Generator) -> Numbers:
    """Return what a line's dollars are multiplied by on each day; even lines never move."""
    if line.even:
        return np.ones(plan.days)
    week = np.array(_WEEK[line.rhythm])
    weekdays = (plan.first.weekday() + np.arange(plan.days)) % 7
    age = np.arange(plan.days) - (plan.days - 1)
    growth = (1.0 + line.monthly_growth) ** (age / _DAYS_A_MONTH)
    factors: Numbers = week[weekdays] * growth * np.exp(_NOISE * noise.standard_normal(plan.days))
    return factors


def quantities(lines: Sequence[Line], plan: DemoPlan, when: Timetable, noise: np.random.Generator) -> Integers:
    """Return units sold, in millionths, by line and day, the incidents included."""
    sold = np.zeros((len(lines), plan.days), dtype=np.int64)
    for index, line in enumerate(lines):
        dollars = line.dollars * daily_factors(line, plan, noise)
        if line.key == "level shift":
            dollars[when.level_shift_day :] *= LEVEL_SHIFT_PERCENT / 100
        if line.key == "untagged account":
            dollars[: when.untagged_day] = 0.0
        sold[index] = np.rint(dollars / line.unit_cost * 1_000_000) * 1_000_000
    return sold
