"""Asking Prometheus for the samples of counters as they were scraped, and for what a series' beginning means."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from collectors.api.session import Session
from collectors.base import Window
from collectors.promql import EPOCH, MILLISECOND, in_seconds, result_of, selected, timestamp
from collectors.tokens.inference.counters import HOUR, REPLICA_LABELS, Counter, Labels, Sample

Answers = Sequence[tuple[Labels, list[Sample]]]
"""Whether targets answered: 1 or 0 at each scrape, by the labels that the target gives all of its series."""


@dataclass(frozen=True)
class Beginnings:
    """What tells whether a series begins at nought: when targets answered, and which series there were beside it."""

    answered: Answers
    beside: Mapping[tuple[str, tuple[str, str]], list[Counter]]

    def from_nought(self, counter: Counter, hour: datetime) -> bool:
        """Tell whether the target was scraped well without this series just before it began.

        Not so where another series of its metric ended then: the same counter goes on under other labels.
        """
        first = counter.samples[0][0]
        own = [samples for labels, samples in self.answered if labels.items() <= counter.labels.items()]
        earlier = sorted((at, up) for samples in own for at, up in samples if hour - HOUR <= at < first)
        if not earlier or earlier[-1][1] != 1:
            return False
        beside = self.beside.get((counter.metric, counter.target), [])
        return not any(_ends(other, first, hour) for other in beside)


def ask_counters(session: Session, names: Iterable[str], selector: str, piece: Window) -> list[Counter]:
    """Return every series of these names with its samples of a piece and of the hour before it."""
    matchers = ", ".join(part for part in (f"__name__=~{_text('|'.join(sorted(names)))}", selector) if part)
    return [
        Counter(result["metric"]["__name__"], _labels(result, {"__name__"}), _read(result["values"]))
        for result in _samples(session, selected("", matchers), piece)
    ]


def ask_beginnings(session: Session, counters: Iterable[Counter], new: Iterable[Counter], piece: Window) -> Beginnings:
    """Ask when the targets of the series that begin in an hour of a piece answered; without any nothing is asked."""
    targets = {counter.target for counter in new}
    if not targets:
        return Beginnings((), {})
    beside: dict[tuple[str, tuple[str, str]], list[Counter]] = {}
    for counter in counters:
        beside.setdefault((counter.metric, counter.target), []).append(counter)
    instances = "|".join(sorted({re.escape(instance) for _, instance in targets}))
    answered = [
        (_labels(result, {"__name__", *REPLICA_LABELS}), _read(result["values"]))
        for result in _samples(session, selected("up", f"instance=~{_text(instances)}"), piece)
    ]
    return Beginnings(answered, beside)


def _ends(other: Counter, first: datetime, hour: datetime) -> bool:
    told = [at for at, _ in other.samples if hour - HOUR <= at < hour + HOUR]
    return bool(told) and told[-1] < first


def _samples(session: Session, series: str, piece: Window) -> list[Mapping[str, Any]]:
    length = piece.end - piece.start + HOUR
    fields = {"query": f"{series}[{in_seconds(length)}]", "time": timestamp(piece.end - MILLISECOND)}
    return result_of(session.post_form("api/v1/query", fields), session.server)


def _labels(result: Mapping[str, Any], but: AbstractSet[str]) -> Labels:
    return {name: text for name, text in result["metric"].items() if text and name not in but}


def _read(values: Iterable[tuple[Decimal | int, str]]) -> list[Sample]:
    """Read samples; what is no finite count of 0 or more is none."""
    found = []
    for at, text in values:
        value = Decimal(text)
        if value.is_finite() and value >= 0:
            found.append((EPOCH + timedelta(milliseconds=int(at * 1000)), value))
    return found


def _text(text: str) -> str:
    """Write a text of PromQL, in which a backslash and a quote are written as in JSON."""
    return json.dumps(text, ensure_ascii=False)
