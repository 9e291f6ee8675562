"""Bodies of OTLP/HTTP that hold metrics, in JSON or protobuf, as series of points."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, TypeAlias

import msgspec
from google.protobuf.message import DecodeError

from collectors.otlp.attributes import Attribute, Attributes, Form, Resource, of_json
from collectors.otlp.packed import MetricsRequest, Unpacking, all_written
from collectors.push.events import BodyError

Temporality: TypeAlias = Literal["delta", "cumulative"]
_TEMPORALITIES: Mapping[int, Temporality] = {1: "delta", 2: "cumulative"}
_NOT_RECORDED = 1
_DISTRIBUTIONS = ("histogram", "exponential_histogram")


class Point(msgspec.Struct, frozen=True, gc=False):
    """What a series counted in (start, time], in nanoseconds since 1970 UTC; a start of 0 is not known.

    `series` is a digest of everything that names it: resource, scope, metric and attributes. `total` is the value of a
    counter or the sum of a histogram, `count` how many values a histogram has.
    """

    series: str
    start: int
    time: int
    total: int | float | None
    count: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Metric:
    """The points of one metric; `temporality` is None where they cannot be added up."""

    name: str
    temporality: Temporality | None
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one resource."""

    resource: Attributes
    metrics: list[Metric]


class _Point(msgspec.Struct, rename="camel"):
    attributes: list[Attribute] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    as_int: int | str | None = None
    as_double: float | str | None = None
    count: int | str = 0
    sum: float | str | None = None
    flags: int = 0


class _Data(msgspec.Struct, rename="camel"):
    data_points: list[_Point] = []
    aggregation_temporality: int = 0
    is_monotonic: bool = False


class _Metric(msgspec.Struct, rename="camel"):
    name: str = ""
    sum: _Data | None = None
    histogram: _Data | None = None
    exponential_histogram: _Data | None = None
    gauge: _Data | None = None


class _Scope(msgspec.Struct):
    name: str = ""
    version: str = ""


class _ScopeMetrics(msgspec.Struct):
    scope: _Scope | None = None
    metrics: list[_Metric] = []


class _ResourceMetrics(msgspec.Struct, rename="camel"):
    resource: Resource | None = None
    scope_metrics: list[_ScopeMetrics] = []


class _Request(msgspec.Struct, rename="camel"):
    resource_metrics: list[_ResourceMetrics] = []


_request = msgspec.json.Decoder(_Request)


def read_metrics(body: bytes, form: Form, wanted: AbstractSet[str]) -> list[Metrics]:
    """Read an ExportMetricsServiceRequest, of its metrics those that are wanted; raise BodyError.

    Points that say that nothing was recorded are left out.
    """
    return _READERS[form](body, wanted)


def _from_json(body: bytes, wanted: AbstractSet[str]) -> list[Metrics]:
    try:
        return [_of_json(of, wanted) for of in _request.decode(body).resource_metrics]
    except (ValueError, RecursionError) as error:
        raise BodyError(f"the body is no JSON of an ExportMetricsServiceRequest: {error}") from None


def _of_json(of: _ResourceMetrics, wanted: AbstractSet[str]) -> Metrics:
    resource = of_json(of.resource.attributes, None) if of.resource else {}
    found: list[Metric] = []
    for scoped in of.scope_metrics:
        scope = scoped.scope or _Scope()
        for metric in scoped.metrics:
            data = metric.sum or metric.histogram or metric.exponential_histogram or metric.gauge
            if metric.name in wanted and data is not None:
                grows = data.is_monotonic if data is metric.sum else data is not metric.gauge
                name = _named(resource, scope.name, scope.version, metric.name)
                points = [_json_point(point, name) for point in data.data_points if not point.flags & _NOT_RECORDED]
                found.append(
                    Metric(metric.name, _TEMPORALITIES.get(data.aggregation_temporality) if grows else None, points)
                )
    return Metrics(resource, found)


def _json_point(point: _Point, name: str) -> Point:
    attributes = of_json(point.attributes, None)
    total: int | float | None = None
    if point.as_int is not None:
        total = int(point.as_int)
    elif point.as_double is not None or point.sum is not None:
        total = float(point.sum if point.as_double is None else point.as_double)  # type: ignore[arg-type]
    start, time = int(point.start_time_unix_nano), int(point.time_unix_nano)
    return Point(_series(name, all_written(attributes)), start, time, total, int(point.count), attributes)


def _from_protobuf(body: bytes, wanted: AbstractSet[str]) -> list[Metrics]:
    unpacking = Unpacking(None)
    try:
        return [_of_protobuf(of, wanted, unpacking) for of in MetricsRequest.FromString(body).resource_metrics]
    except DecodeError as error:
        raise BodyError(f"the body is no ExportMetricsServiceRequest: {error}") from None


def _of_protobuf(of: Any, wanted: AbstractSet[str], unpacking: Unpacking) -> Metrics:
    resource = unpacking.read(of.resource.attributes)
    found: list[Metric] = []
    for scoped in of.scope_metrics:
        for metric in scoped.metrics:
            kind = metric.WhichOneof("data")
            if metric.name not in wanted or kind not in {"sum", "gauge", *_DISTRIBUTIONS}:
                continue
            data = getattr(metric, kind)
            grows = kind in _DISTRIBUTIONS or (kind == "sum" and data.is_monotonic)
            temporality = _TEMPORALITIES.get(data.aggregation_temporality) if grows else None
            name = _named(resource, scoped.scope.name, scoped.scope.version, metric.name)
            read = _distribution if kind in _DISTRIBUTIONS else _number
            points = [read(point, name, unpacking) for point in data.data_points if not point.flags & _NOT_RECORDED]
            found.append(Metric(metric.name, temporality, points))
    return Metrics(resource, found)


def _number(point: Any, name: str, unpacking: Unpacking) -> Point:
    attributes, text = unpacking.read_with_text(point.attributes)
    kind = point.WhichOneof("value")
    total = None if kind is None else getattr(point, kind)
    return Point(_series(name, text), point.start_time_unix_nano, point.time_unix_nano, total, 0, attributes)


def _distribution(point: Any, name: str, unpacking: Unpacking) -> Point:
    attributes, text = unpacking.read_with_text(point.attributes)
    total = point.sum if point.HasField("sum") else None
    return Point(_series(name, text), point.start_time_unix_nano, point.time_unix_nano, total, point.count, attributes)


def _named(resource: Attributes, scope: str, version: str, metric: str) -> str:
    return "\x1e".join([all_written(resource), scope, version, metric])


def _series(name: str, attributes: str) -> str:
    return blake2b(f"{name}\x1e{attributes}".encode("utf-8", "replace"), digest_size=16).hexdigest()


_READERS: Mapping[Form, Callable[[bytes, AbstractSet[str]], list[Metrics]]] = {
    "json": _from_json,
    "protobuf": _from_protobuf,
}
