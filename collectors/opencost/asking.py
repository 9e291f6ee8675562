"""Asking OpenCost's allocation API for the namespaces of a day, and reading its answer without losing any."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from collectors.api.session import Session
from collectors.api.windows import HOUR
from collectors.base import CollectError, Option, RowProblem, SourceSettings, Window
from collectors.http import Server
from collectors.options import option_list
from collectors.problems import Problems

IDLE = "__idle__"
"""How the part of an allocation's name begins that nobody used."""

COMMON_OPTIONS = (
    Option("url", "The address of OpenCost or Kubecost.", "http://opencost.opencost:9003", kind="url", required=True),
    Option(
        "path",
        "The path of the allocation API; Kubecost has it at model/allocation.",
        "model/allocation",
        default="allocation",
    ),
    Option("labels", "Labels of pods to tell namespaces' parts apart by.", "[team]", kind="list"),
    Option("cluster", "The cluster, where OpenCost does not name it.", "prod-eu"),
    Option("backfill", "How far back the first reading goes, to whole days.", "90d", kind="duration", default="14d"),
    Option("restates", "How far back OpenCost changes what it said.", "7d", kind="duration", default="2d"),
    Option("settles", "How long after its end a span is complete.", "6h", kind="duration", default="3h"),
    Option("bearer_token", "A token for OpenCost or the proxy before it.", "${OPENCOST_TOKEN}"),
    Option("username", "The user of basic authentication.", "attributor"),
    Option("password", "The password of basic authentication.", "${OPENCOST_PASSWORD}"),
)


@dataclass(frozen=True)
class Asking:
    """What is asked for: by which labels, with or without what nobody used, and a name for an unnamed cluster."""

    path: str
    labels: tuple[str, ...]
    cluster: str
    idle: bool


@dataclass(frozen=True)
class Allocation:
    """What one namespace (None: nobody) of a cluster had in one span; `values` are the answer's own fields."""

    place: str
    name: str
    cluster: str
    namespace: str | None
    labels: Mapping[str, str]
    values: Mapping[str, Any]

    def number(self, field: str, problems: Problems) -> Decimal | None:
        """Return a number, None where it is missing or null, as OpenCost writes NaN; anything else is a problem."""
        value = self.values.get(field)
        if value is None:
            return None
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool) and Decimal(value).is_finite():
            return Decimal(value)
        problems.add_value(RowProblem(f"{self.place} {self.name}", None, field, str(value), "is not a number"))
        return None


def server_of(texts: Mapping[str, str]) -> Server:
    """Return who is asked."""
    return Server(texts["url"], texts.get("bearer_token"), texts.get("username"), texts.get("password"))


def asking_of(settings: SourceSettings, texts: Mapping[str, str], *, idle: bool) -> Asking:
    """Return what is asked for; raise ValueError where an option is wrong."""
    path = texts["path"].strip("/")
    return Asking(path, option_list(settings, "labels"), texts.get("cluster", settings.name), idle)


def ask_day(
    session: Session, asking: Asking, day: Window, step: timedelta
) -> Iterator[tuple[Window, list[Allocation]]]:
    """Yield each step of a day of which OpenCost knows anything, with its allocations; it never has a day in part.

    Raises CollectError where the answer is of another form, of other spans, or told to be incomplete.
    """
    aggregate = ",".join(["cluster", "namespace", *(f"label:{label}" for label in asking.labels)])
    query = {
        "window": f"{_instant(day.start)},{_instant(day.end)}",
        "aggregate": aggregate,
        "step": f"{step // HOUR}h",
        "accumulate": "false",
        "includeIdle": "true" if asking.idle else "false",
        "shareIdle": "false",
    }
    place = f"{session.server.shown} {day.start:%Y-%m-%d}"
    seen: set[Window] = set()
    for given in _sets(session.get(asking.path, query), place):
        if given:
            span = _span_of(given, day, step, place)
            if span in seen:
                raise CollectError(f"{place}: gave {_instant(span.start)} twice", permanent=False)
            seen.add(span)
            yield span, [_allocation(name, values, asking, place) for name, values in given.items()]


def _sets(answer: Any, place: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(answer, dict) or answer.get("code") != 200:
        raise CollectError(f"{place}: gave an answer that is not OpenCost's", permanent=True)
    if answer.get("warning"):
        raise CollectError(f"{place}: answered in part only: {answer['warning']}", permanent=False)
    sets = answer.get("data") or []
    if not isinstance(sets, list) or not all(one is None or isinstance(one, dict) for one in sets):
        raise CollectError(f"{place}: gave an answer that is not OpenCost's", permanent=True)
    return [one or {} for one in sets]


def _span_of(given: Mapping[str, Any], day: Window, step: timedelta, place: str) -> Window:
    """Return the span that a set says it is of, and refuse one that is no step of the day."""
    told = {_told_window(name, values, place) for name, values in given.items()}
    if len(told) == 1:
        [(start, end)] = told
        if day.start <= start < end <= day.end and end - start == step and not (start - day.start) % step:
            return Window(start, end)
    shown = " and ".join(sorted(f"{_instant(start)} to {_instant(end)}" for start, end in told))
    raise CollectError(f"{place}: answered for {shown}, which was not asked for", permanent=False)


def _told_window(name: str, values: Any, place: str) -> tuple[datetime, datetime]:
    try:
        window = values["window"]
        start, end = (datetime.fromisoformat(window[key]) for key in ("start", "end"))
    except (KeyError, TypeError, ValueError) as error:
        raise CollectError(f"{place} {name}: has no window of time", permanent=True) from error
    if start.tzinfo is None or end.tzinfo is None:
        raise CollectError(f"{place} {name}: has a window without a time zone", permanent=True)
    return start, end


def _allocation(name: str, values: Mapping[str, Any], asking: Asking, place: str) -> Allocation:
    properties = values.get("properties") or {}
    nobody = IDLE in name
    labels = {**(properties.get("namespaceLabels") or {}), **(properties.get("labels") or {})}
    return Allocation(
        place,
        name,
        properties.get("cluster") or asking.cluster,
        None if nobody else properties.get("namespace") or _named(name),
        {key: str(value) for key, value in labels.items()},
        values,
    )


def _named(name: str) -> str:
    """Return the namespace by an allocation's name, CLUSTER/NAMESPACE/LABEL…, where no property tells it."""
    parts = name.split("/")
    return parts[1] if len(parts) > 1 else name


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
