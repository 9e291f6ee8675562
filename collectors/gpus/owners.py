"""Labels of the pods that hold GPUs, and of their namespaces, as kube-state-metrics tells them by the hour."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from collectors.api.session import Session
from collectors.api.windows import HOUR
from collectors.base import Window
from collectors.gpus.series import Series
from collectors.promql import EPOCH, MILLISECOND, in_seconds, result_of, selected, timestamp

_FACTS = frozenset({"namespace", "pod", "container", "job", "gpu", "node", "gpu_model", "profile", "measured_by"})

Labelled = tuple[datetime, str, str]
"""An hour's start, a namespace, and a pod of it or "" for the namespace itself."""


@dataclass(frozen=True)
class OwnerLabels:
    """Which labels become facts of a holder, by their names in Kubernetes, and further matchers of their series."""

    names: tuple[str, ...] = ()
    selector: str = ""


@dataclass(frozen=True)
class Owners:
    """What the labels of pods and namespaces were, by label, hour and holder."""

    by_label: Mapping[str, Mapping[Labelled, str]] = field(default_factory=dict)

    def told(self, series: Series, hour: datetime) -> Series:
        """Return a series with the labels of its holder in an hour; a fact that it has already stays."""
        holder = dict(series.holder)
        if "pod" not in holder:
            return series
        namespace, pod = holder.get("namespace", ""), holder["pod"]
        for label, values in self.by_label.items():
            value = values.get((hour, namespace, pod)) or values.get((hour, namespace, ""))
            if value:
                holder.setdefault(label, value)
        return replace(series, holder=tuple(holder.items()))


def checked_labels(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return labels' names; raise ValueError where one would hide a fact that there is."""
    for name in names:
        if name in _FACTS:
            raise ValueError(f"labels: {name} is a fact of its own here; a label of that name has no place")
    return names


def ask_owners(session: Session, wanted: OwnerLabels, piece: Window) -> Owners:
    """Ask for the labels of pods and namespaces in each hour of a piece.

    A pod or namespace has one value of a label an hour: the one that it had longest, however many series tell it, so
    that nothing is counted twice where labels changed or two kube-state-metrics ran. Raises CollectError.
    """
    found: dict[str, Mapping[Labelled, str]] = {}
    for name in wanted.names:
        label = "label_" + re.sub(r"[^a-zA-Z0-9_]", "_", name)
        samples: dict[Labelled, dict[str, Decimal]] = {}
        for metric in ("kube_pod_labels", "kube_namespace_labels"):
            matchers = ", ".join(part for part in (f'{label}!=""', wanted.selector) if part)
            grouped = f"namespace, pod, exported_namespace, exported_pod, {label}"
            query = f"sum by ({grouped}) (count_over_time({selected(metric, matchers)}[1h]))"
            for result in _ask(session, query, piece):
                labels = result["metric"]
                for at, count in _by_hour(result):
                    key = (at, *_named(labels, with_pod=metric == "kube_pod_labels"))
                    samples.setdefault(key, {})[labels[label]] = Decimal(count)
        found[name] = {key: max(sorted(counts), key=counts.__getitem__) for key, counts in samples.items()}
    return Owners(found)


def _ask(session: Session, query: str, piece: Window) -> list[Mapping[str, Any]]:
    fields = {
        "query": query,
        "start": timestamp(piece.start + HOUR - MILLISECOND),
        "end": timestamp(piece.end - MILLISECOND),
        "step": in_seconds(HOUR),
    }
    return result_of(session.post_form("api/v1/query_range", fields), session.server)


def _by_hour(result: Mapping[str, Any]) -> Iterator[tuple[datetime, str]]:
    for at, count in result["values"]:
        instant = EPOCH + timedelta(milliseconds=int(at * 1000))
        yield instant + MILLISECOND - HOUR, count


def _named(labels: Mapping[str, str], *, with_pod: bool) -> tuple[str, str]:
    """Return namespace and pod; unless labels are honoured the plain ones are those of kube-state-metrics itself."""
    namespace = labels.get("exported_namespace") or labels.get("namespace", "")
    return namespace, (labels.get("exported_pod") or labels.get("pod", "")) if with_pod else ""
