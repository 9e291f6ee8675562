"""Coverage holes: time between what a source told before and after, of which it never told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import Alert, Contributor
from alerts.detect.presenting import minute

Span = tuple[datetime, datetime]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CoveredSpans:
    """What one source has covered: disjoint, half-open spans of aware UTC, in order of time."""

    source: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class HolePolicy:
    """A hole is told from `least` on, until `told_for` after its end.

    It is a habit, and not told, where on `habitual` other days of the last `looked_at` there was one at that time.
    """

    least: timedelta = timedelta(hours=1)
    told_for: timedelta = timedelta(days=7)
    looked_at: timedelta = timedelta(days=28)
    habitual: int = 3
    team: str = ""


def coverage_holes(sources: Sequence[CoveredSpans], now: datetime, policy: HolePolicy | None = None) -> list[Alert]:
    """Return one alert for each source with holes that are no habit; key `freshness:<source>:holes`."""
    limits = policy or HolePolicy()
    found = ((each.source, _untold(each, now, limits)) for each in sources)
    return [_alert(source, holes, limits) for source, holes in found if holes]


def _untold(covered: CoveredSpans, now: datetime, policy: HolePolicy) -> list[Span]:
    between = zip(covered.spans, covered.spans[1:], strict=False)
    holes = [(before[1], after[0]) for before, after in between if after[0] - before[1] >= policy.least]
    known = [hole for hole in holes if hole[1] > now - policy.looked_at]
    told = [hole for hole in known if now - policy.told_for < hole[1] <= now]
    return [hole for hole in told if _days_with(hole, known) < policy.habitual]


def _days_with(hole: Span, known: Sequence[Span]) -> int:
    """Count the other days with a hole over at least half of this one's time of day."""
    days = set()
    for other in known:
        shift = round((other[0] - hole[0]) / _DAY)
        start, end = hole[0] + shift * _DAY, hole[1] + shift * _DAY
        common = min(end, other[1]) - max(start, other[0])
        if shift and 2 * common >= end - start:
            days.add(shift)
    return len(days)


def _alert(source: str, holes: Sequence[Span], policy: HolePolicy) -> Alert:
    missing = sum((end - start for start, end in holes), timedelta(0))
    count = "a hole" if len(holes) == 1 else f"{len(holes)} holes"
    return Alert(
        key=f"freshness:{source}:holes",
        kind="freshness",
        team=policy.team,
        severity="warning",
        title=f"{source} has {count} of {_hours(missing)}",
        summary=f"{source} told of the time before and after, and nothing of {_hours(missing)} in between, the first "
        f"from {minute(holes[0][0])}. No amount is known: costs and usage of that time may be missing.",
        started_at=holes[0][0],
        contributors=tuple(
            Contributor(f"{minute(start)} to {minute(end)}", None, _hours(end - start)) for start, end in holes
        ),
        link="/health",
        facts={"source": source, "holes": str(len(holes)), "hours": f"{missing / timedelta(hours=1):g}"},
        level=len(holes),
    )


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):g} h"
