"""Attributes that were left packed are what OpenTelemetry's own messages say of them."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from collectors.otlp.attributes import Value
from collectors.otlp.packed import MetricsRequest, TracesRequest, Unpacking, all_written

LONG = "n" * 200
NAMES = st.sampled_from(["team", "user.id", "gen_ai.system", "", LONG])
VALUES = st.one_of(
    st.just(AnyValue()),
    st.builds(lambda text: AnyValue(string_value=text), st.text(max_size=3)),
    st.builds(lambda number: AnyValue(int_value=number), st.integers(-(2**63), 2**63 - 1)),
    st.builds(lambda number: AnyValue(double_value=number), st.floats(allow_nan=False)),
    st.builds(lambda truth: AnyValue(bool_value=truth), st.booleans()),
    st.just(AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1)]))),
)
ATTRIBUTES = st.lists(st.builds(lambda name, value: KeyValue(key=name, value=value), NAMES, VALUES), max_size=6)


def plainly(attributes: list[KeyValue], wanted: frozenset[str] | None) -> dict[str, Value]:
    """Read attributes message by message."""
    found: dict[str, Value] = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        if kind is None or (wanted is not None and (each.key not in wanted or kind == "array_value")):
            continue
        value = getattr(each.value, kind)
        if kind == "array_value":
            value = each.value.SerializeToString(deterministic=True).hex()
        found[each.key] = str(value).lower() if kind == "bool_value" else value
    return found


@given(ATTRIBUTES, st.sampled_from([None, frozenset({"team", LONG})]))
def test_what_is_unpacked_is_what_the_messages_say(attributes: list[KeyValue], wanted: frozenset[str] | None) -> None:
    packed = [each.SerializeToString() for each in attributes]
    unpacking = Unpacking(wanted)
    expected = plainly(attributes, wanted)
    for _ in range(2):  # the second time it is known
        assert unpacking.read(packed) == expected
        assert unpacking.read_with_text(packed) == (expected, all_written(expected))


@given(st.permutations(["team", "user.id", "gen_ai.system"]))
def test_attributes_in_any_order_are_one_text(names: list[str]) -> None:
    unpacking = Unpacking(None)
    packed = [KeyValue(key=name, value=AnyValue(string_value=name)).SerializeToString() for name in names]
    assert unpacking.read_with_text(packed)[1] == all_written({name: name for name in sorted(names)})


def test_an_attribute_whose_value_comes_before_its_name_is_read_too() -> None:
    name, value = KeyValue(key="team").SerializeToString(), KeyValue(value=AnyValue(int_value=7)).SerializeToString()
    assert Unpacking(frozenset({"team"})).read([value + name]) == {"team": 7}
    assert Unpacking(frozenset({"user"})).read([value + name]) == {}


def test_the_requests_are_those_of_opentelemetry_but_for_their_attributes() -> None:
    traces, metrics = ExportTraceServiceRequest(), ExportMetricsServiceRequest()
    attribute = KeyValue(key="team", value=AnyValue(string_value="search"))
    span = traces.resource_spans.add().scope_spans.add().spans.add(name="chat", start_time_unix_nano=7)
    span.attributes.append(attribute)
    point = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="tokens").sum.data_points.add(as_int=7)
    point.attributes.append(attribute)
    (read_span,) = TracesRequest.FromString(traces.SerializeToString()).resource_spans[0].scope_spans[0].spans
    (metric,) = MetricsRequest.FromString(metrics.SerializeToString()).resource_metrics[0].scope_metrics[0].metrics
    assert (read_span.name, read_span.start_time_unix_nano) == ("chat", 7)
    assert (metric.name, metric.sum.data_points[0].as_int) == ("tokens", 7)
    assert [*read_span.attributes, *metric.sum.data_points[0].attributes] == [attribute.SerializeToString()] * 2
