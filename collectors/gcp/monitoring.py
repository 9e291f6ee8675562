"""Cloud Monitoring by REST: time series aligned to slots, of one project, page by page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.pages import Page, walk
from collectors.api.session import Session, Terms
from collectors.api.windows import HOUR
from collectors.base import CollectError, Collector, Option, RowProblem, SourceSettings, Window
from collectors.gcp.access_tokens import AccessTokens
from collectors.gcp.identity import IDENTITY_OPTIONS, identity_of
from collectors.http import RefusedError, Server
from collectors.options import duration
from collectors.problems import Problems

PERMISSION = "monitoring.timeSeries.list (roles/monitoring.viewer) in each project"
MONITORING_OPTIONS = (
    Option("projects", "The projects to ask; one that others are scoped to tells of them too.", "[acme-ml]", "list"),
    *IDENTITY_OPTIONS,
)
_URL = "https://monitoring.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/monitoring.read"
_NO_SUCH_METRIC = "Cannot find metric"
_NOT_FOUND = 404
Labels = Mapping[str, str]


@dataclass(frozen=True)
class SeriesQuery:
    """What is asked for: a metric, its points made one a slot by `aligner`, its series one a value of `group_by`.

    Only labels that are named in `group_by` are answered. `matching` are further terms of the filter.
    """

    metric: str
    slot: timedelta
    aligner: str
    reducer: str
    group_by: Sequence[str]
    matching: str = ""


@dataclass(frozen=True)
class TimeSeries:
    """One series: its labels, and its finite values by the start of their slots; a slot without data has none.

    `told` are labels of the metric, `resource` those of what it is measured of, `metadata` those of that thing's own.
    """

    told: Labels
    resource: Labels
    metadata: Labels
    values: dict[datetime, Decimal] = field(default_factory=dict)

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What names it, whichever project was asked."""
        return (*sorted(self.told.items()), *sorted(self.resource.items()), *sorted(self.metadata.items()))


def monitoring_collector(
    settings: SourceSettings,
    texts: Mapping[str, str],
    fetch: Callable[[Session, Window], Iterator[Answered]],
    piece: timedelta,
    settles: timedelta,
) -> Collector:
    """Build the Collector of usage by the hour; raise ValueError where an option's value is wrong."""
    server, terms = monitoring_server(texts)
    return ApiCollector(
        ApiSource(
            settings,
            "usage",
            server,
            fetch,
            PERMISSION,
            unit=HOUR,
            piece=piece,
            backfill=duration("backfill", texts["backfill"]),
            restates=duration("restates", texts["restates"]),
            settles=settles,
            terms=terms,
        )
    )


def monitoring_server(texts: Mapping[str, str]) -> tuple[Server, Terms]:
    """Return where is asked, and by whom; nothing is asked yet."""
    identity = identity_of(texts)
    tokens = AccessTokens(identity, _SCOPE)
    return Server(identity.endpoint_url or _URL), Terms(enter=tokens.headers, refresh=tokens.headers)


def checked_projects(projects: tuple[str, ...]) -> tuple[str, ...]:
    """Return the projects without doubles; raise ValueError where there are none, or one is no project's id."""
    if not projects:
        raise ValueError("projects is missing; write for example projects: [acme-ml]")
    for project in projects:
        if not project.replace("-", "").replace(":", "").replace(".", "").isalnum():
            raise ValueError(f"projects: {project!r} is no id of a project")
    return tuple(dict.fromkeys(projects))


def ask_series(session: Session, projects: Sequence[str], query: SeriesQuery, window: Window) -> list[TimeSeries]:
    """Return the series of all projects that have data in the window, each once; a metric that is not there has none.

    The window is whole slots. Raises CollectError: a permanent one that lists every value that cannot be right, one
    that is not where Cloud Monitoring answers in part.
    """
    found: dict[tuple[tuple[str, str], ...], TimeSeries] = {}
    for project in projects:
        for one in _of_project(session, project, query, window):
            # What a project is scoped to is answered for it, and again for the other project itself.
            found.setdefault(one.key, one)
    return [found[key] for key in sorted(found)]


def _of_project(session: Session, project: str, query: SeriesQuery, window: Window) -> list[TimeSeries]:
    path = f"v3/projects/{project}/timeSeries"
    params = _params(query, window)
    reading = _Reading(f"{session.server.shown}/{path} {query.metric}", query.slot, window)
    try:
        for items in walk(lambda token: _page(session, path, params, token), reading.place):
            for item in items:
                reading.add(item)
    except RefusedError as error:
        if error.status == _NOT_FOUND and _NO_SUCH_METRIC in str(error):
            return []
        raise
    reading.problems.raise_if_any(reading.place)
    return list(reading.found.values())


def _params(query: SeriesQuery, window: Window) -> dict[str, str | Sequence[str]]:
    matching = f" AND {query.matching}" if query.matching else ""
    return {
        "filter": f'metric.type="{query.metric}"{matching}',
        "interval.startTime": f"{window.start:%Y-%m-%dT%H:%M:%SZ}",
        "interval.endTime": f"{window.end:%Y-%m-%dT%H:%M:%SZ}",
        "aggregation.alignmentPeriod": f"{int(query.slot.total_seconds())}s",
        "aggregation.perSeriesAligner": query.aligner,
        "aggregation.crossSeriesReducer": query.reducer,
        "aggregation.groupByFields": list(query.group_by),
    }


def _page(session: Session, path: str, params: dict[str, str | Sequence[str]], token: str | None) -> Page:
    answer = session.get(path, params if token is None else {**params, "pageToken": token})
    shown = f"{session.server.shown}/{path}"
    if not isinstance(answer, dict) or not isinstance(answer.get("timeSeries", []), list):
        raise CollectError(f"{shown} answered with no list of timeSeries", permanent=True)
    if errors := answer.get("executionErrors"):
        raise CollectError(f"{shown} answered in part only: {str(errors)[:300]}", permanent=False)
    return Page(answer.get("timeSeries", []), answer.get("nextPageToken") or None)


class _Reading:
    """Gathers the series of one answer, of which one may go on on a further page."""

    def __init__(self, place: str, slot: timedelta, window: Window) -> None:
        self.place = place
        self.problems = Problems()
        self.found: dict[tuple[tuple[str, str], ...], TimeSeries] = {}
        self._slot = slot
        self._window = window
        self._number = 0

    def add(self, item: Any) -> None:
        """Take a series; what is wrong with its points is noted. Raises CollectError for a value that changed."""
        self._number += 1
        if not isinstance(item, dict) or not isinstance(item.get("points"), list):
            self.problems.add(self.place, "has no list of points", row=self._number)
            return
        metadata = item.get("metadata")
        plain = metadata if isinstance(metadata, dict) else {}
        one = TimeSeries(
            _labels(item.get("metric")),
            _labels(item.get("resource")),
            {**_texts(plain.get("userLabels")), **_texts(plain.get("systemLabels"))},
        )
        series = self.found.setdefault(one.key, one)
        for point in item["points"]:
            read = self._point(point)
            if read is None:
                continue
            start, value = read
            if series.values.setdefault(start, value) != value:
                raise CollectError(f"{self.place} gave two values of {start:%Y-%m-%dT%H:%MZ}", permanent=False)

    def _point(self, point: Any) -> tuple[datetime, Decimal] | None:
        try:
            start = datetime.fromisoformat(point["interval"]["endTime"]) - self._slot
            value = _value(point["value"])
            is_slot = self._window.start <= start < self._window.end and not (start - self._window.start) % self._slot
        except (KeyError, TypeError, ValueError, InvalidOperation, OverflowError) as error:
            self._note("points", point, f"cannot be read: {type(error).__name__}: {error}")
            return None
        if not is_slot:
            self._note("endTime", point["interval"]["endTime"], "is the end of no slot that was asked for")
            return None
        return (start, value) if value.is_finite() else None

    def _note(self, name: str, value: object, message: str) -> None:
        self.problems.add_value(RowProblem(self.place, self._number, name, str(value), message))


def _value(value: Any) -> Decimal:
    """Return a point's number, which may be none that is finite; raise ValueError where it is of another kind."""
    for kind in ("int64Value", "doubleValue"):
        if kind in value:
            if isinstance(value[kind], bool):
                raise ValueError(f"{kind} is {value[kind]}")
            return Decimal(value[kind])
    raise ValueError(f"its value is {', '.join(value) or 'empty'}, no int64Value and no doubleValue")


def _labels(of: Any) -> Labels:
    return _texts(of.get("labels")) if isinstance(of, dict) else {}


def _texts(labels: Any) -> dict[str, str]:
    """Return the labels that say anything."""
    if not isinstance(labels, dict):
        return {}
    return {name: str(value) for name, value in labels.items() if value not in (None, "")}
