"""Spans of time: half-open, united where they touch."""

from collections.abc import Iterable

from collectors.base import Window


def united(spans: Iterable[Window]) -> tuple[Window, ...]:
    """Unite half-open spans that overlap or touch, in order of time; empty ones vanish."""
    merged: list[Window] = []
    for span in sorted(spans):
        if span.start >= span.end:
            continue
        if merged and span.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)
