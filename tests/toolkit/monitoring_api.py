"""Cloud Monitoring's timeSeries.list on loopback: filters, aligns, reduces and pages raw points as it says it does."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from recorded_api import Answer, Asked

_TERM = re.compile(r'([a-z_.]+)="([^"]*)"')


@dataclass(frozen=True)
class Raw:
    """One series as it was written; `points` are values by the end of their interval."""

    metric: str
    told: Mapping[str, str]
    resource_type: str
    resource: Mapping[str, str]
    points: Mapping[datetime, int | float]
    system: Mapping[str, str] = field(default_factory=dict)
    user: Mapping[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str | None:
        """Return what a field of a filter or of groupByFields names."""
        of, _, key = name.rpartition(".")
        labels: dict[str, Mapping[str, str]] = {
            "metric.label": self.told,
            "resource.label": self.resource,
            "metadata.system_labels": self.system,
            "metadata.user_labels": self.user,
            "metric": {"type": self.metric},
            "resource": {"type": self.resource_type},
        }
        return labels[of].get(key)


def time_series(raws: Sequence[Raw], a_page: int = 1000) -> Callable[[Asked], Answer]:
    """Answer by these series, so many a page."""

    def reply(asked: Asked) -> Answer:
        terms = _TERM.findall(asked.query["filter"])
        metric = dict(terms)["metric.type"]
        if not any(raw.metric == metric for raw in raws):
            message = f'Cannot find metric(s) that match type = "{metric}".'
            return Answer({"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}, 404)
        chosen = [raw for raw in raws if all(raw.label(name) == value for name, value in terms)]
        groups: dict[tuple[tuple[str, str], ...], list[Raw]] = defaultdict(list)
        fields = [value for name, value in asked.pairs if name == "aggregation.groupByFields"]
        for raw in chosen:
            groups[tuple((name, raw.label(name) or "") for name in fields)].append(raw)
        found = [one for labels, group in sorted(groups.items()) if (one := _reduced(asked, dict(labels), group))]
        start = int(asked.query.get("pageToken", "0"))
        following = {"nextPageToken": str(start + a_page)} if len(found) > start + a_page else {}
        page = found[start : start + a_page]
        return Answer({**({"timeSeries": page} if page else {}), **following, "unit": "1"})

    return reply


def _reduced(asked: Asked, labels: Mapping[str, str], group: Sequence[Raw]) -> dict[str, Any] | None:
    start, end = (datetime.fromisoformat(asked.query[f"interval.{name}"]) for name in ("startTime", "endTime"))
    slot = timedelta(seconds=int(asked.query["aggregation.alignmentPeriod"].removesuffix("s")))
    by_slot: dict[datetime, list[float]] = defaultdict(list)
    for raw in group:
        aligned: dict[datetime, list[float]] = defaultdict(list)
        for at, value in raw.points.items():
            if start < at <= end:
                aligned[end - (end - at) // slot * slot].append(value)
        for at, values in aligned.items():
            is_sum = asked.query["aggregation.perSeriesAligner"] == "ALIGN_SUM"
            by_slot[at].append(sum(values) if is_sum else sum(values) / len(values))
    if not by_slot:
        return None
    is_sum = asked.query["aggregation.crossSeriesReducer"] == "REDUCE_SUM"
    reduced = {at: sum(values) if is_sum else sum(values) / len(values) for at, values in by_slot.items()}
    points = [
        {
            "interval": {"startTime": f"{at - slot:%FT%TZ}", "endTime": f"{at:%FT%TZ}"},
            "value": {"int64Value": str(value)} if isinstance(value, int) else {"doubleValue": value},
        }
        for at, value in sorted(reduced.items(), reverse=True)
    ]
    kinds = ("metric.label", "resource.label", "metadata.system_labels", "metadata.user_labels")
    metric, resource, system, user = (
        {name.removeprefix(f"{kind}."): value for name, value in labels.items() if name.startswith(kind) and value}
        for kind in kinds
    )
    return {
        "metric": {"type": group[0].metric, "labels": metric},
        "resource": {"type": group[0].resource_type, "labels": resource},
        "metadata": {"systemLabels": system, "userLabels": user},
        "metricKind": "DELTA" if is_sum else "GAUGE",
        "points": points,
    }
