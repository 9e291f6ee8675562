"""How GPUs that are idle, low or saturated become one alert: what it costs, who held them, what is usual."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from statistics import fmean

from alerts.alert import Alert, ChartPoint, Contributor, Kind, Severity
from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.gpu_hours import Condition, GpuHour, GpuRate, IdlePolicy, Streak
from alerts.detect.presenting import hour_label, minute, severity_by_money, team_link

CHART_HOURS = 48
UNALLOCATED, WITHOUT_PROCESS, WARM = "unallocated", "held without a process", "warm and low"
KINDS: Mapping[Condition, Kind] = {"idle": "idle_gpu", "low": "low_gpu", "saturated": "saturated_gpu"}
_TITLES: Mapping[Condition, str] = {"idle": "idle", "low": "little used", "saturated": "used to the limit"}


def key_of(team: str, pool: str, condition: Condition) -> str:
    """Return the key of a team's alert on a pool."""
    return f"{KINDS[condition]}:{team}:{pool}"


def gpu_alert(streaks: Sequence[Streak], rate: GpuRate | None, history: Sequence[GpuHour], policy: IdlePolicy) -> Alert:
    """Return the alert of GPUs of one team and pool in one condition; `history` is what is known of them."""
    worst_first = sorted(streaks, key=lambda streak: (-_hours_of(streak), streak.newest.gpu))
    newest, condition = worst_first[0].newest, worst_first[0].condition
    lost, per_day = _lost(streaks, rate), _per_day(streaks, rate)
    causes = Counter(_cause(streak) for streak in streaks)
    started = min(streak.hours[0].hour for streak in streaks)
    usual = _usual(history, newest, started)
    return Alert(
        key=key_of(newest.team, newest.pool, condition),
        kind=KINDS[condition],
        team=newest.team,
        severity=_severity(condition, lost, per_day, policy),
        title=f"{_count(streaks)} {_TITLES[condition]} in {newest.pool}",
        summary=f"{_what(streaks, policy)} {_money(streaks, rate)} {_compared(usual, newest)}",
        started_at=started,
        currency="" if rate is None else rate.currency,
        amount=lost,
        contributors=tuple(_contributor(streak, rate) for streak in worst_first),
        chart=tuple(_chart(streaks)),
        link=team_link(newest.team, newest.hour.date()),
        facts={
            "pool": newest.pool,
            "gpus": str(len(streaks)),
            "condition": condition,
            "causes": ", ".join(f"{cause}: {number}" for cause, number in sorted(causes.items()) if cause),
            "known_until": minute(newest.end),
            **({} if per_day is None else {"per_day": plain(per_day)}),
            **({} if usual is None else {"usual_percent": f"{usual[0]:.1f}"}),
        },
    )


def _count(streaks: Sequence[Streak]) -> str:
    return "1 GPU" if len(streaks) == 1 else f"{len(streaks)} GPUs"


def _hours_of(streak: Streak) -> Decimal:
    return total(row.held for row in streak.hours)


def _unused(row: GpuHour, condition: Condition) -> Decimal:
    """Return the GPU hours that were paid for and not used: all of an idle hour, the idle part of a little used one."""
    if condition == "idle":
        return row.held
    return times(row.held, (100 - min(row.utilization, Decimal(100))).scaleb(-2))


def _lost(streaks: Sequence[Streak], rate: GpuRate | None) -> Decimal | None:
    if rate is None or streaks[0].condition == "saturated":
        return None
    unused = total(_unused(row, streak.condition) for streak in streaks for row in streak.hours)
    return cents(times(rate.per_hour, unused))


def _per_day(streaks: Sequence[Streak], rate: GpuRate | None) -> Decimal | None:
    if rate is None or streaks[0].condition == "saturated":
        return None
    an_hour = total(_unused(streak.newest, streak.condition) for streak in streaks)
    return cents(times(times(rate.per_hour, an_hour), 24))


def _severity(condition: Condition, lost: Decimal | None, per_day: Decimal | None, policy: IdlePolicy) -> Severity:
    if condition != "idle":
        return "info"
    if lost is None or per_day is None:
        return "warning"
    return severity_by_money(max(lost, per_day), warning=policy.warning_from, critical=policy.critical_from)


def _cause(streak: Streak) -> str:
    """Return why it is idle: nobody held it, held while nothing ran at all, or running and hardly used."""
    if streak.condition == "saturated":
        return ""
    if not streak.newest.allocated:
        return UNALLOCATED
    if all(row.utilization == 0 for row in streak.hours):
        return WITHOUT_PROCESS
    return WARM


def _what(streaks: Sequence[Streak], policy: IdlePolicy) -> str:
    condition = streaks[0].condition
    since = minute(min(streak.hours[0].hour for streak in streaks))
    if condition == "idle":
        below = f"below {plain(policy.below)} % in every hour of the last {policy.hours} h and longer"
        return f"{_count(streaks)} {below}, the first since {since}."
    lasts = policy.low_for if condition == "low" else policy.saturated_for
    minutes = 0 if lasts is None else int(lasts.total_seconds() // 60)
    return f"{_count(streaks)} {_TITLES[condition]} for {minutes} min and longer in each hour since {since}."


def _money(streaks: Sequence[Streak], rate: GpuRate | None) -> str:
    if streaks[0].condition == "saturated":
        return "No money is lost: whoever needs more has to wait."
    lost, per_day = _lost(streaks, rate), _per_day(streaks, rate)
    if rate is None or lost is None or per_day is None:
        return "What they cost is unknown: no price per GPU hour is configured for this pool."
    return f"{shown(lost, rate.currency)} so far, {shown(per_day, rate.currency)} a day."


def _usual(history: Sequence[GpuHour], newest: GpuHour, started: datetime) -> tuple[float, int] | None:
    """Return the mean utilisation of the team's GPUs at this hour of the days before it began, and of how many."""
    earlier = [row for row in history if row.allocated and row.hour.hour == newest.hour.hour and row.hour < started]
    if not earlier or not newest.allocated:
        return None
    return fmean(float(row.utilization) for row in earlier), len({row.hour for row in earlier})


def _compared(usual: tuple[float, int] | None, newest: GpuHour) -> str:
    at = f"{newest.hour.astimezone(UTC):%H:%M} UTC"
    if not newest.allocated:
        return "Nobody held them."
    if usual is None:
        return f"What is usual at {at} is not known yet."
    days = "1 earlier day" if usual[1] == 1 else f"{usual[1]} earlier days"
    return f"At {at} GPUs of {newest.team} here are usually {usual[0]:.0f} % used ({days})."


def _contributor(streak: Streak, rate: GpuRate | None) -> Contributor:
    newest = streak.newest
    label = f"{newest.gpu} on {newest.node}" if newest.node else newest.gpu
    mean = total(row.utilization for row in streak.hours) / len(streak.hours)
    held_by = f", held by {newest.holder}" if newest.holder else ""
    word = "idle" if streak.condition == "idle" else _TITLES[streak.condition]
    cause = _cause(streak)
    note = f"{word} for {len(streak.hours)} h, mean {mean:.1f} %{held_by}{f' ({cause})' if cause else ''}"
    return Contributor(label, _lost([streak], rate), note)


def _chart(streaks: Iterable[Streak]) -> Iterable[ChartPoint]:
    """Yield the number of these GPUs by hour, the newest CHART_HOURS."""
    counts: dict[datetime, int] = {}
    for streak in streaks:
        for row in streak.hours[-CHART_HOURS:]:
            counts[row.hour] = counts.get(row.hour, 0) + 1
    for hour in sorted(counts)[-CHART_HOURS:]:
        yield ChartPoint(hour_label(hour), Decimal(counts[hour]), marked=True)
