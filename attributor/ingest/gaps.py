"""What an API never answered, and what it answers in part: spans of time without what was covered."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise

from attributor.ingest.windows import by_months
from attributor.periods import start_of
from collectors.base import Backfilling, Collector, Window
from collectors.spans import united

GAPS_AGAIN_AFTER = timedelta(days=1)
"""How long gaps are let be after they were asked for: what is lost for good is asked for once a day, at its price."""


def gaps_to_ask(collector: Collector, covered: Sequence[Window], now: datetime) -> Sequence[Window | None]:
    """Return the whole days of what lies uncovered between covered spans, no further back than the `backfill`.

    Gaps within what `windows_to_ask` gives are asked for there, each time.
    """
    if not covered or not isinstance(collector, Backfilling):
        return []
    since = start_of((now - collector.backfill).date())
    until = start_of((max(span.end for span in covered) - collector.restates).date())
    spans = united(covered)
    gaps = (Window(max(one.end, since), min(two.start, until)) for one, two in pairwise(spans))
    days = united(Window(start_of(gap.start.date()), _midnight_after(gap.end)) for gap in gaps if gap.start < gap.end)
    return by_months(days)


def within(spans: Iterable[Window], window: Window) -> tuple[Window, ...]:
    """Return the parts of the spans that lie in a window, disjoint and in order of time."""
    return united(Window(max(span.start, window.start), min(span.end, window.end)) for span in spans)


def less(spans: Iterable[Window], holes: Iterable[Window]) -> tuple[Window, ...]:
    """Return what is left of the spans without the holes."""
    left = list(united(spans))
    for hole in holes:
        left = [
            part
            for span in left
            for part in (Window(span.start, min(span.end, hole.start)), Window(max(span.start, hole.end), span.end))
            if part.start < part.end
        ]
    return tuple(left)


def _midnight_after(instant: datetime) -> datetime:
    start = start_of(instant.date())
    return start if instant.timetz().replace(tzinfo=None) == time() else start + timedelta(days=1)
