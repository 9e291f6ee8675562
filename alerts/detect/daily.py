"""Judging one daily series: which days are anomalous, and which of them belong together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import Baseline, prepare
from alerts.detect.drift import leaking_days
from alerts.detect.intermittent import is_intermittent, is_regular, scan_runs
from alerts.detect.medians import Floats
from alerts.detect.recurrence import recurs
from alerts.detect.scan import scan
from alerts.detect.spend_series import Episode, SpendPolicy
from alerts.detect.weekend import busy_weekends

SCANNED_DAYS = 28
"""Two weeks until a shift is usual, one in which it goes on firing, and one to see its beginning."""


@dataclass(frozen=True)
class Days:
    """Cost by UTC day since `first`, NaN where not known; the first `settled` are complete, the others lower bounds.

    `since` is the day the source was connected.
    """

    first: date
    amounts: Floats
    settled: int
    since: date


@dataclass(frozen=True)
class Gate:
    """The least excess worth telling: on each `day`, and on the `whole` of an episode."""

    day: float
    whole: float


def anomalous_days(days: Days, gate: float, policy: SpendPolicy) -> list[AnomalousDay]:
    """Return the anomalous days among the last SCANNED_DAYS, oldest first; `gate` is the least excess of each."""
    born = _born(days.amounts)
    alive = days.amounts[born:]
    found = _new_service(days, born, policy)
    if alive.size:
        baseline = prepare(days.first + timedelta(days=born), alive, max(days.settled - born, 0))
        anomalous = _judged(baseline, alive.size - SCANNED_DAYS, gate)
        found += [AnomalousDay(each.day + born, each.rule, each.expected, each.band) for each in anomalous]
    return found


def _judged(baseline: Baseline, start: int, gate: float) -> list[AnomalousDay]:
    """Return what the rules say, oldest first; of a day that two of them tell, the first one's word counts."""
    resting = is_intermittent(baseline)
    found = scan_runs(baseline, start, gate) if resting else []
    if not resting or is_regular(baseline):
        found += scan(baseline, start, gate, partial(recurs, baseline))
        found += leaking_days(baseline, start, gate)
    if not resting:
        found += busy_weekends(baseline, start, gate)
    by_day = {each.day: each for each in reversed(found)}
    return [by_day[day] for day in sorted(by_day)]


def episodes_of(days: Days, gate: Gate, policy: SpendPolicy, standing: Collection[date]) -> list[Episode]:
    """Return the episodes that fire on the newest day: those that cost enough in all, and ended lately if at all.

    What is usual changes a little with every day, and with it the day on which an episode seems to have begun. So one
    that holds a day of `standing`, or begins at most `policy.quiet` after it, is the episode that was told under it. A
    new service is an episode of its own, whatever it does next.
    """
    newest = days.amounts.size - 1
    found = anomalous_days(days, gate.day, policy)
    young = [each for each in found if each.rule == "new service"]
    groups = [*([young] if young else []), *_grouped([each for each in found if each.rule != "new service"], policy)]
    told = {days.first + timedelta(days=young[0].day)} if young else set()
    return [
        Episode(days.first, tuple(group), gate.day, _began(days.first, group, set(standing) - told, policy))
        for group in groups
        if newest - group[-1].day <= policy.quiet.days and _excess(days, group) >= gate.whole
    ]


def _began(first: date, group: Sequence[AnomalousDay], standing: Collection[date], policy: SpendPolicy) -> date:
    begin, end = (first + timedelta(days=each.day) for each in (group[0], group[-1]))
    if group[0].rule == "new service":
        return begin
    return min((day for day in standing if begin - policy.quiet <= day <= end), default=begin)


def _excess(days: Days, group: Sequence[AnomalousDay]) -> float:
    return sum(float(days.amounts[each.day]) - each.expected for each in group)


def _born(amounts: Floats) -> int:
    """Return the first day that cost something."""
    costing = np.flatnonzero(amounts > 0)
    return int(costing[0]) if costing.size else amounts.size


def _new_service(days: Days, born: int, policy: SpendPolicy) -> list[AnomalousDay]:
    """Return the first costly days of a service that began well after its source was connected."""
    amounts = days.amounts
    young = amounts[born : born + policy.new_for.days]
    since = days.first + timedelta(days=born) - days.since
    if since < policy.new_after or amounts.size - born > 3 * policy.new_for.days:
        return []
    floor = float(policy.new_service_floor)
    return [
        AnomalousDay(born + index, "new service", 0.0, floor) for index, amount in enumerate(young) if amount >= floor
    ]


def _grouped(found: Sequence[AnomalousDay], policy: SpendPolicy) -> list[list[AnomalousDay]]:
    """Join anomalous days that are at most `quiet` apart."""
    groups: list[list[AnomalousDay]] = []
    for each in found:
        if groups and each.day - groups[-1][-1].day <= policy.quiet.days:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups
