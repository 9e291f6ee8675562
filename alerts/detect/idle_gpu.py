"""Idle GPUs: below a utilisation limit in every hour of the window, and measured well enough to say so.

Every hour counts, not the window's mean: one busy hour beside an empty one is a job that ended, not an idle GPU.
Missing samples never make a GPU idle: with fewer than `coverage` of them the group is undecided.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.alert import Findings
from alerts.detect.gpu_alert import KINDS, gpu_alert, key_of
from alerts.detect.gpu_hours import Condition, GpuHour, GpuRate, IdlePolicy, Streak
from alerts.detect.gpu_streaks import Group, judged


def gpu_findings(
    hours: Sequence[GpuHour], rates: Mapping[str, GpuRate], now: datetime, policy: IdlePolicy | None = None
) -> tuple[Findings, ...]:
    """Return an alert per team, pool and condition; keys `idle_gpu:<team>:<pool>`, `low_gpu:…`, `saturated_gpu:…`.

    `hours` is the history to look back through, in any order; what nobody held is the row's own team, whom the caller
    chooses. `rates` is by pool and may lack one.
    """
    limits = policy or IdlePolicy()
    known = [hour for hour in hours if hour.end <= now]
    if not known:
        return tuple(Findings(kind, (), undecided=(kind,)) for kind in KINDS.values())
    streaks: dict[tuple[Group, Condition], list[Streak]] = {}
    undecided: set[Group] = set()
    for group, streak in judged(known, now, limits):
        if streak is None:
            undecided.add(group)
        else:
            streaks.setdefault((group, streak.condition), []).append(streak)
    history: dict[Group, list[GpuHour]] = {}
    for hour in known:
        history.setdefault((hour.team, hour.pool), []).append(hour)
    return tuple(
        Findings(
            kind,
            tuple(
                gpu_alert(found, rates.get(group[1]), history[group], limits)
                for (group, of), found in sorted(streaks.items())
                if of == condition
            ),
            tuple(key_of(*group, condition) for group in sorted(undecided) if (group, condition) not in streaks),
        )
        for condition, kind in KINDS.items()
    )


def idle_gpus(
    hours: Sequence[GpuHour], rates: Mapping[str, GpuRate], now: datetime, policy: IdlePolicy | None = None
) -> Findings:
    """Return what `gpu_findings` says of idle GPUs alone."""
    return gpu_findings(hours, rates, now, policy)[0]
