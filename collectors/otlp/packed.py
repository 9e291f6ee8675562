"""OpenTelemetry's requests in protobuf, with their attributes left packed until they are asked for.

Attributes are most of a request, Python takes a message apart slowly, and nearly all of them come again and again: left
as bytes, which is the same on the wire, each different one is taken apart once.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from collectors.otlp.attributes import Attributes, Value

_FILES = (common_pb2, resource_pb2, trace_pb2, metrics_pb2, trace_service_pb2, metrics_service_pb2)
_ATTRIBUTES = "attributes"


def _pool() -> DescriptorPool:
    """Return the messages as OpenTelemetry describes them, but for attributes, which are bytes."""
    pool = DescriptorPool()
    for official in _FILES:
        described = FileDescriptorProto()
        official.DESCRIPTOR.CopyToProto(described)
        for message in _messages(described.message_type):
            for field in message.field:
                if field.name == _ATTRIBUTES:
                    field.type = FieldDescriptorProto.TYPE_BYTES
                    field.ClearField("type_name")
        pool.Add(described)
    return pool


def _messages(found: Iterable[DescriptorProto]) -> Iterator[DescriptorProto]:
    for message in found:
        yield message
        yield from _messages(message.nested_type)


_described = _pool()


def _request(official: Any) -> Any:
    return GetMessageClass(_described.FindMessageTypeByName(official.DESCRIPTOR.full_name))


TracesRequest = _request(trace_service_pb2.ExportTraceServiceRequest)
MetricsRequest = _request(metrics_service_pb2.ExportMetricsServiceRequest)
"""The requests whose attributes are bytes, each of them a packed KeyValue."""


_NAME_FIRST = 0x0A  # the tag of a KeyValue's key, which every writer puts before its value
_SHORT = 0x80


class Unpacking(dict[bytes, tuple[str, Value] | None]):
    """The attributes of one body by name and value, each different one taken apart once; None is one that nobody wants.

    With `wanted` None all are, those of other kinds than plain ones as some text. Raises DecodeError for what is no
    attribute.
    """

    def __init__(self, wanted: AbstractSet[str] | None) -> None:
        super().__init__()
        self._wanted = wanted
        self._texts: dict[bytes, str] = {}
        self._wanted_names = None if wanted is None else {name.encode() for name in wanted}

    def __missing__(self, packed: bytes) -> tuple[str, Value] | None:
        found = self[packed] = None if self._is_passed_over(packed) else self._taken_apart(packed)
        return found

    def _is_passed_over(self, packed: bytes) -> bool:
        """Say, without taking it apart, whether nobody wants an attribute: what a model was asked may be long."""
        if self._wanted_names is None or len(packed) < 2 or packed[0] != _NAME_FIRST or packed[1] >= _SHORT:
            return False
        return packed[2 : 2 + packed[1]] not in self._wanted_names

    def _taken_apart(self, packed: bytes) -> tuple[str, Value] | None:
        attribute = KeyValue.FromString(packed)
        name, value = attribute.key, attribute.value
        if self._wanted is not None and name not in self._wanted:
            return None
        # Nearly every value is text or a number that is not 0: finding that out costs less than asking for the kind.
        known = value.string_value or value.int_value or self._odd(value)
        if known is None:
            return None
        self._texts[packed] = written(name, known)
        return name, known

    def _odd(self, value: AnyValue) -> Value | None:
        kind = value.WhichOneof("value")
        if kind == "bool_value":
            return "true" if value.bool_value else "false"
        if kind in {"string_value", "int_value", "double_value"}:
            plain: Value = getattr(value, kind)
            return plain
        return None if kind is None or self._wanted is not None else value.SerializeToString(deterministic=True).hex()

    def read(self, attributes: Sequence[bytes]) -> dict[str, Value]:
        """Return the attributes that are wanted; of several of a name the last."""
        return dict(filter(None, map(self.__getitem__, attributes[:])))

    def read_with_text(self, attributes: Sequence[bytes]) -> tuple[dict[str, Value], str]:
        """Return what `read` does, and beside it `all_written` of that."""
        values = self.read(attributes)
        texts = list(filter(None, map(self._texts.get, attributes[:])))
        return values, _JOINT.join(sorted(texts)) if len(texts) == len(values) else all_written(values)


_JOINT = "\x1d"


def all_written(attributes: Attributes) -> str:
    """Return attributes as one text: equal ones, in whatever order they came, are the same text."""
    return _JOINT.join(sorted([written(name, value) for name, value in attributes.items()]))


def written(name: str, value: Value) -> str:
    """Return one attribute as text."""
    return f"{name}\x1f{value!r}"
