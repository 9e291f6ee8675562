"""When the incidents happen: all within the last days, so that clean history lies before them."""

from dataclasses import dataclass
from datetime import date, timedelta

from attributor.demo.plan import DemoPlan

LEVEL_SHIFT_DAYS = 5
LEVEL_SHIFT_PERCENT = 230
UNTAGGED_DAYS = 5
RUNAWAY_HOURS = 46
RUNAWAY_FACTOR = 5
RUNAWAY_TEAM = "assistant"
RUNAWAY_MODEL = "claude-sonnet-4-5"
IDLE_HOURS = 30
IDLE_TEAM = "vision"
IDLE_NODE = "gpu-04"
RESTATED_DAYS_AGO = 8
RESTATED_PERCENT = 112


@dataclass(frozen=True)
class Timetable:
    """From which day or hour (counted from the plan's start) each incident runs; all run on to `now`."""

    level_shift_day: int
    untagged_day: int
    restated_day: int
    runaway_hour: int
    idle_hour: int


def timetable(plan: DemoPlan) -> Timetable:
    """Return when each incident begins."""
    return Timetable(
        level_shift_day=plan.days - LEVEL_SHIFT_DAYS,
        untagged_day=plan.days - UNTAGGED_DAYS,
        restated_day=plan.days - RESTATED_DAYS_AGO,
        runaway_hour=plan.hours - RUNAWAY_HOURS,
        idle_hour=plan.hours - IDLE_HOURS,
    )


def day_of(plan: DemoPlan, index: int) -> date:
    """Return the day so many days after the plan's first."""
    return plan.first + timedelta(days=index)
