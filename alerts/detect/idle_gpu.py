"""Idle GPUs: held, but below a utilisation limit in every hour of the window, and measured well enough to say so.

Every hour counts, not the window's mean: one busy hour beside an empty one is a job that ended, not an idle GPU.
Missing samples never make a GPU idle: with fewer than `coverage` of them the group is undecided.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from alerts.alert import Alert, ChartPoint, Contributor, Findings, Severity
from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.presenting import minute, severity_by_money, team_link

HOUR = timedelta(hours=1)
CHART_HOURS = 48


@dataclass(frozen=True)
class GpuHour:
    """One GPU (or MIG instance) held by one team in one hour.

    `hour` is the aware UTC start. `utilization` is the mean in percent over the samples that exist; `samples_present`
    is their share of those expected, 0 to 1. `node` may be empty.
    """

    pool: str
    gpu: str
    team: str
    node: str
    hour: datetime
    utilization: Decimal
    samples_present: Decimal


@dataclass(frozen=True)
class GpuRate:
    """What one GPU of a pool costs an hour."""

    per_hour: Decimal
    currency: str


@dataclass(frozen=True)
class IdlePolicy:
    """When a GPU is idle. `below` is in percent; money limits are in the rate's currency, so far or per day.

    A pool whose newest hour is older than `stale_after` is undecided: what stands there now is not known.
    """

    below: Decimal = Decimal(10)
    window: timedelta = timedelta(hours=2)
    coverage: Decimal = Decimal("0.9")
    stale_after: timedelta = timedelta(days=2)
    warning_from: Decimal = Decimal(20)
    critical_from: Decimal = Decimal(500)


@dataclass(frozen=True)
class IdleStreak:
    """A GPU that is idle now: its idle hours without a gap, the oldest first."""

    hours: tuple[GpuHour, ...]

    @property
    def newest(self) -> GpuHour:
        """The last hour of the streak."""
        return self.hours[-1]


def idle_gpus(
    hours: Sequence[GpuHour], rates: Mapping[str, GpuRate], now: datetime, policy: IdlePolicy | None = None
) -> Findings:
    """Return one alert per team and pool with idle GPUs, key `idle_gpu:<team>:<pool>`.

    `hours` is the history to look back through, in any order; `rates` is by pool and may lack one.
    """
    limits = policy or IdlePolicy()
    known = sorted((hour for hour in hours if hour.hour + HOUR <= now), key=attrgetter("pool", "gpu", "hour"))
    if not known:
        return Findings("idle_gpu", (), undecided=("idle_gpu",))
    streaks: dict[tuple[str, str], list[IdleStreak]] = {}
    undecided: set[tuple[str, str]] = set()
    for group, streak in _judged(known, now, limits):
        if streak is None:
            undecided.add(group)
        elif streak.hours:
            streaks.setdefault(group, []).append(streak)
    alerts = tuple(_alert(found, rates.get(pool), limits) for (_, pool), found in sorted(streaks.items()))
    unsure = sorted(undecided - streaks.keys())
    return Findings("idle_gpu", alerts, undecided=tuple(_key(team, pool) for team, pool in unsure))


def _judged(
    known: Sequence[GpuHour], now: datetime, policy: IdlePolicy
) -> Iterator[tuple[tuple[str, str], IdleStreak | None]]:
    """Yield (team, pool) and the streak of each GPU held; `known` is sorted by pool, GPU and hour."""
    for pool, of_pool in groupby(known, key=attrgetter("pool")):
        rows = list(of_pool)
        end = max(row.hour for row in rows) + HOUR
        is_stale = end < now - policy.stale_after
        for _, of_gpu in groupby(rows, key=attrgetter("gpu")):
            history = list(of_gpu)
            for team in _holders(history, end, policy):
                own = _one_an_hour(row for row in history if row.team == team)
                yield (team, pool), None if is_stale else _streak(own, end, policy)


def _key(team: str, pool: str) -> str:
    return f"idle_gpu:{team}:{pool}"


def _holders(history: Sequence[GpuHour], end: datetime, policy: IdlePolicy) -> set[str]:
    """Return who held the GPU in the newest of its hours inside the window; nobody where it is gone from there."""
    inside = [row for row in history if row.hour >= end - policy.window]
    if not inside:
        return set()
    newest = max(row.hour for row in inside)
    return {row.team for row in inside if row.hour == newest}


def _one_an_hour(rows: Iterable[GpuHour]) -> list[GpuHour]:
    """Keep the busiest row of each hour: a GPU that two pods of a team share is idle where both are."""
    busiest: dict[datetime, GpuHour] = {}
    for row in rows:
        known = busiest.get(row.hour)
        if known is None or row.utilization > known.utilization:
            busiest[row.hour] = row
    return list(busiest.values())


def _streak(own: Sequence[GpuHour], end: datetime, policy: IdlePolicy) -> IdleStreak | None:
    """Return the idle hours up to `end`, empty where the GPU was busy, None where too few samples say."""
    start = end - policy.window
    window = [row for row in own if row.hour >= start]
    wanted = policy.window // HOUR
    if total(row.samples_present for row in window) < times(policy.coverage, wanted):
        return None
    if any(row.utilization >= policy.below for row in window):
        return IdleStreak(())
    earlier = [row for row in own if row.hour < start]
    return IdleStreak((*_backwards(earlier, start, policy), *window))


def _backwards(earlier: Sequence[GpuHour], start: datetime, policy: IdlePolicy) -> list[GpuHour]:
    """Extend the streak into the past; a busy hour ends it, and so does a gap, which is not idle time."""
    found: list[GpuHour] = []
    for row in reversed(earlier):
        measured = row.samples_present >= policy.coverage
        if row.hour != start - HOUR or not measured or row.utilization >= policy.below:
            break
        found.append(row)
        start = row.hour
    return found[::-1]


def _alert(streaks: Sequence[IdleStreak], rate: GpuRate | None, policy: IdlePolicy) -> Alert:
    worst_first = sorted(streaks, key=lambda streak: (-len(streak.hours), streak.newest.gpu))
    newest = worst_first[0].newest
    lost = None if rate is None else cents(times(rate.per_hour, sum(len(streak.hours) for streak in streaks)))
    per_day = None if rate is None else cents(times(rate.per_hour, 24 * len(streaks)))
    started = min(streak.hours[0].hour for streak in streaks)
    count = "1 GPU" if len(streaks) == 1 else f"{len(streaks)} GPUs"
    return Alert(
        key=_key(newest.team, newest.pool),
        kind="idle_gpu",
        team=newest.team,
        severity=_severity(lost, per_day, policy),
        title=f"{count} idle in {newest.pool}",
        summary=_summary(count, started, rate, lost, per_day, policy),
        started_at=started,
        currency="" if rate is None else rate.currency,
        amount=lost,
        contributors=tuple(_contributor(streak, rate) for streak in worst_first),
        chart=tuple(_chart(streaks)),
        link=team_link(newest.team, newest.hour.date()),
        facts={
            "pool": newest.pool,
            "gpus": str(len(streaks)),
            "known_until": minute(newest.hour + HOUR),
            **({} if per_day is None else {"per_day": plain(per_day)}),
        },
    )


def _severity(lost: Decimal | None, per_day: Decimal | None, policy: IdlePolicy) -> Severity:
    if lost is None or per_day is None:
        return "warning"
    return severity_by_money(max(lost, per_day), warning=policy.warning_from, critical=policy.critical_from)


def _summary(
    count: str,
    started: datetime,
    rate: GpuRate | None,
    lost: Decimal | None,
    per_day: Decimal | None,
    policy: IdlePolicy,
) -> str:
    below = f"below {plain(policy.below)} % in every hour of the last {policy.window // HOUR} h and longer"
    since = f"{count} {below}, the first since {minute(started)}."
    if rate is None or lost is None or per_day is None:
        return f"{since} What they cost is unknown: no price per GPU hour is configured for this pool."
    return f"{since} {shown(lost, rate.currency)} so far, {shown(per_day, rate.currency)} a day."


def _contributor(streak: IdleStreak, rate: GpuRate | None) -> Contributor:
    newest = streak.newest
    label = f"{newest.gpu} on {newest.node}" if newest.node else newest.gpu
    mean = total(row.utilization for row in streak.hours) / len(streak.hours)
    note = f"idle for {len(streak.hours)} h, mean {mean:.1f} %"
    return Contributor(label, None if rate is None else cents(times(rate.per_hour, len(streak.hours))), note)


def _chart(streaks: Iterable[IdleStreak]) -> Iterable[ChartPoint]:
    """Yield the number of idle GPUs by hour, the newest CHART_HOURS."""
    counts: dict[datetime, int] = {}
    for streak in streaks:
        for row in streak.hours[-CHART_HOURS:]:
            counts[row.hour] = counts.get(row.hour, 0) + 1
    for hour in sorted(counts)[-CHART_HOURS:]:
        yield ChartPoint(f"{hour:%Y-%m-%dT%H:00Z}", Decimal(counts[hour]), marked=True)
