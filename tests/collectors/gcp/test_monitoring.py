"""Vertex AI and GPUs from a local server that answers as Cloud Monitoring says it does."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from monitoring_api import Raw, time_series
from recorded_api import Answer, RecordedApi, cut, expired, failing, throttled

from collectors.api.session import Terms, opened_session
from collectors.api.windows import HOUR
from collectors.base import CollectError, Window
from collectors.gcp.access_tokens import AccessTokens
from collectors.gcp.identity import Identity
from collectors.gcp.monitoring import SeriesQuery, ask_series
from collectors.gpus.gcp_monitoring import TYPE as GPUS
from collectors.http import Server
from collectors.storage.access import Access
from collectors.storage.gcs import list_blobs
from collectors.tokens.vertex import TYPE as VERTEX

EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)
TWO_HOURS = Window(EIGHT, EIGHT + 2 * HOUR)
MINUTE = timedelta(minutes=1)
SERIES = "/v3/projects/acme-ml/timeSeries"
ONLINE = "aiplatform.googleapis.com/publisher/online_serving/"


def minutes(*values: float, after: datetime = EIGHT) -> dict[datetime, float]:
    return {after + (number + 1) * MINUTE: value for number, value in enumerate(values)}


def model(measure: str, points: dict[datetime, Any], name: str = "gemini-2.5-pro", **told: str) -> Raw:
    resource = {
        "resource_container": "acme-ml",
        "location": "us-central1",
        "publisher": "google",
        "model_user_id": name,
    }
    return Raw(f"{ONLINE}{measure}", told, "aiplatform.googleapis.com/PublisherModel", resource, points)


def used() -> list[Raw]:
    return [
        model("token_count", minutes(100, 50, *[0] * 57, 7, 1000), type="input", modality="TEXT", max_token_size="8k"),
        model("token_count", minutes(900), type="input", modality="TEXT", max_token_size="128k"),
        model("token_count", minutes(30), type="input", modality="AUDIO", request_type="shared"),
        model("token_count", minutes(20), type="output", source="batch_us"),
        model("token_count", minutes(5), "claude-sonnet-4", type="cache_read_input"),
        model("model_invocation_count", minutes(3), response_code="200", method="ChatCompletions"),
        model("model_invocation_count", minutes(2), response_code="200", method="RawPredict"),
        model("model_invocation_count", minutes(1), response_code="429", error_category="capacity"),
    ]


def vertex(api: RecordedApi, collecting: Any, window: Window = TWO_HOURS, **more: Any) -> Any:
    return collecting.read(VERTEX, window, **{"endpoint_url": api.url, "projects": ["acme-ml"], **more})


def test_tokens_and_calls_are_summed_by_the_hour_exactly(api: RecordedApi, collecting) -> None:
    api.on(SERIES, time_series(used()))
    found = {(row["hour"].hour, row["metric"], dict(row["facts"])["model"]): row["quantity"] for row in
             vertex(api, collecting).rows}  # fmt: skip
    assert found == {
        (8, "tokens.input", "gemini-2.5-pro"): 1057,
        (9, "tokens.input", "gemini-2.5-pro"): 1000,
        (8, "tokens.input_audio", "gemini-2.5-pro"): 30,
        (8, "tokens.output", "gemini-2.5-pro"): 20,
        (8, "tokens.cache_read_input", "claude-sonnet-4"): 5,
        (8, "requests", "gemini-2.5-pro"): 5,
        (8, "requests.failed", "gemini-2.5-pro"): 1,
    }


def test_pages_windows_and_projects_that_see_each_other_change_no_row(api: RecordedApi, collecting) -> None:
    api.on(SERIES, time_series(used()))
    whole = vertex(api, collecting)
    api._routes.clear()
    api.on(SERIES, time_series(used(), 1))
    api.on("/v3/projects/scoping/timeSeries", time_series(used(), 2))
    assert vertex(api, collecting, projects=["scoping", "acme-ml"]).rows == whole.rows
    later = vertex(api, collecting, Window(EIGHT + HOUR, TWO_HOURS.end))
    assert later.rows == [row for row in whole.rows if row["hour"] == EIGHT + HOUR]


def test_an_hour_without_calls_is_a_zero_and_one_that_has_not_settled_is_left(api: RecordedApi, collecting) -> None:
    api.on(SERIES, time_series(used()))
    read = collecting.read(
        VERTEX, Window(EIGHT, EIGHT + 4 * HOUR), EIGHT + 3 * HOUR + 5 * MINUTE, endpoint_url=api.url, projects="acme-ml"
    )
    assert read.reading.coverage == (TWO_HOURS,)
    assert {asked.query["interval.endTime"] for asked in api.requests} == {"2026-11-20T10:00:00Z"}


def test_a_metric_that_nobody_has_written_is_no_error(api: RecordedApi, collecting) -> None:
    api.on(SERIES, time_series([]))
    read = vertex(api, collecting)
    assert (read.rows, read.reading.coverage) == ([], (TWO_HOURS,))


@pytest.mark.slow
def test_limits_failures_and_cut_answers_are_asked_again(api: RecordedApi, collecting) -> None:
    api.on(SERIES, time_series(used()))
    whole = vertex(api, collecting).rows
    api.misbehave(throttled(), failing(503), cut({"timeSeries": []}))
    assert vertex(api, collecting).rows == whole


def answered(*points: Any, **more: Any) -> Answer:
    return Answer({"timeSeries": [{"metric": {}, "resource": {}, "points": list(points)}], **more})


def point(end: str = "2026-11-20T09:00:00Z", **value: Any) -> dict[str, Any]:
    return {"interval": {"endTime": end}, "value": value}


@pytest.mark.parametrize(
    ("answer", "message", "permanent"),
    [
        pytest.param(
            answered(point(int64Value="1"), executionErrors=[{"message": "one shard is away"}]),
            "answered in part only: .*one shard is away",
            False,
            id="a part of the answer",
        ),
        pytest.param(
            answered(point("2026-11-20T08:59:30Z", int64Value="1"), point("2026-11-20T12:00:00Z", int64Value="2")),
            r"(?s)2 problems.*row 1, endTime = '2026-11-20T08:59:30Z': is the end of no slot",
            True,
            id="other slots than were asked for",
        ),
        pytest.param(
            answered(
                point(int64Value="many"), point(stringValue="9"), {"value": {}}, point("yesterday", int64Value="1")
            ),
            "(?s)4 problems.*cannot be read: InvalidOperation.*its value is stringValue.*KeyError: 'interval'",
            True,
            id="points that are none",
        ),
        pytest.param(Answer({"timeSeries": {"a": 1}}), "answered with no list of timeSeries", True, id="another form"),
        pytest.param(Answer({"timeSeries": [1]}), "row 1: has no list of points", True, id="a series that is none"),
        pytest.param(answered(point(doubleValue=1.5)), "is 1.5, which is no count", True, id="half a token"),
        pytest.param(answered(point(int64Value="-1")), "is -1, which is no count", True, id="less than no token"),
        pytest.param(
            Answer({"error": {"code": 403, "message": "Permission monitoring.timeSeries.list denied"}}, 403),
            "answered 403: .*Permission monitoring.timeSeries.list denied",
            True,
            id="a permission that is missing",
        ),
    ],
)  # fmt: skip
def test_nasty_answers_are_refused_and_say_why(
    api: RecordedApi, collecting, answer: Answer, message: str, permanent: bool
) -> None:
    api.on(SERIES, answer)
    with pytest.raises(CollectError, match=message) as refused:
        vertex(api, collecting)
    assert refused.value.permanent is permanent


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (point(int64Value="1"), point(int64Value="2"), "gave two values of 2026-11-20T08:00Z"),
        (point(int64Value="1"), point(int64Value="1"), "gave the same page twice"),
    ],
)
def test_pages_that_contradict_or_repeat_each_other_are_asked_again_later(
    api: RecordedApi, collecting, first: Any, second: Any, message: str
) -> None:
    api.on(SERIES, answered(first, nextPageToken="more"), answered(second))
    with pytest.raises(CollectError, match=message) as refused:
        vertex(api, collecting)
    assert not refused.value.permanent


def test_a_series_goes_on_on_the_next_page(api: RecordedApi, collecting) -> None:
    pages = [
        answered(point("2026-11-20T10:00:00Z", int64Value="2"), nextPageToken="more"),
        answered(point(int64Value=1)),
    ]
    api.on(
        SERIES,
        *pages,
        filter=f'metric.type="{ONLINE}token_count" AND resource.type="aiplatform.googleapis.com/PublisherModel"',
    )
    api.on(SERIES, Answer({}))
    assert [row["quantity"] for row in vertex(api, collecting).rows] == [1, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"projects": None}, r"projects is missing; write for example projects: \[acme-ml\]"),
        ({"projects": ["../other"]}, "projects: '../other' is no id of a project"),
        ({"backfill": "soon"}, "backfill: 'soon' is not a duration"),
        ({"colour": "red"}, "unknown option 'colour'"),
    ],
)
def test_options_that_cannot_be_are_told(api: RecordedApi, collecting, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(VERTEX, **{"projects": ["acme-ml"], **options})


def test_what_is_missing_is_told_when_the_source_is_tried(api: RecordedApi, collecting) -> None:
    api.on(SERIES, Answer({"error": {"message": "denied"}}, 403))
    [need] = collecting.build(VERTEX, endpoint_url=api.url, projects=["acme-ml"]).probe()
    assert "monitoring.timeSeries.list" in need.permission
    assert "denied" in (need.problem or "")


@pytest.fixture
def credentials(api: RecordedApi, tmp_path: Path) -> Iterator[Path]:
    """A service account whose tokens the same server gives out, another each time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    given = {
        "type": "service_account",
        "client_email": "attributor@acme-ml.iam.gserviceaccount.com",
        "private_key": private.decode(),
        "token_uri": f"{api.url}/token",
    }
    path = tmp_path / "gcp.json"
    path.write_text(json.dumps(given))
    tokens = [Answer({"access_token": f"ya29.t0ken-{n}", "expires_in": 3600, "token_type": "Bearer"}) for n in (1, 2)]
    api.on("/token", *tokens, method="POST")
    yield path


def test_a_token_that_expires_midway_is_renewed_and_never_shown(api: RecordedApi, credentials: Path) -> None:
    api.on(SERIES, time_series(used()))
    tokens = AccessTokens(Identity(str(credentials)), "https://www.googleapis.com/auth/monitoring.read")
    query = SeriesQuery(f"{ONLINE}token_count", HOUR, "ALIGN_SUM", "REDUCE_SUM", ["metric.label.type"])
    with opened_session(Server(api.url), Terms(enter=tokens.headers, refresh=tokens.headers), lambda: EIGHT) as session:
        before = ask_series(session, ["acme-ml"], query, TWO_HOURS)
        api.misbehave(expired())
        assert ask_series(session, ["acme-ml"], query, TWO_HOURS) == before
        api.misbehave(Answer({"error": "Bearer ya29.t0ken-2 may not"}, 403))
        with pytest.raises(CollectError, match="Bearer ••• may not"):
            ask_series(session, ["acme-ml"], query, TWO_HOURS)
    shown = [asked.headers.get("Authorization") for asked in api.requests if asked.path == SERIES]
    assert shown == ["Bearer ya29.t0ken-1", "Bearer ya29.t0ken-1", "Bearer ya29.t0ken-2", "Bearer ya29.t0ken-2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "gcp.json holds no credentials of a known type: service_account, authorized_user"),
        ('{"type": "executable"}', "holds no credentials of a known type"),
        ("[", "holds no credentials of a known type"),
        ('{"type": "service_account", "private_key": "s3cret"}', "holds a service_account that is not whole"),
    ],
)
def test_credentials_that_are_none_are_a_permanent_error(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "gcp.json").write_text(content)
    with pytest.raises(CollectError, match=f"signing in to Google Cloud: .*{message}") as refused:
        AccessTokens(Identity(str(tmp_path / "gcp.json")), "scope").headers()
    assert refused.value.permanent
    assert "s3cret" not in str(refused.value)


def test_a_store_reads_the_same_file_of_credentials(tmp_path: Path) -> None:
    (tmp_path / "gcp.json").write_text("{}")
    with pytest.raises(CollectError, match="holds no credentials of a known type") as refused:
        list_blobs("gs://bills/x", (".csv",), Access(credentials_file=str(tmp_path / "gcp.json")))
    assert refused.value.permanent


AGENT = {"project_id": "acme-ml", "zone": "us-central1-a", "instance_id": "8812"}


def agent(measure: str, points: dict[datetime, float], number: str = "0", **told: str) -> Raw:
    labels = {"gpu_number": number, "uuid": f"GPU-{number}", "model": "NVIDIA L4", **told}
    metric = f"agent.googleapis.com/gpu/{measure}"
    return Raw(metric, labels, "gce_instance", AGENT, points, {"name": "train-1"}, {"team": "search"})


def gke(of: str, measure: str, points: dict[datetime, float], **resource: str) -> Raw:
    where = {"project_id": "acme-ml", "location": "us-central1", "cluster_name": "gpu-prod"}
    labels = {"accelerator_id": "GPU-k", "model": "nvidia-h100", "make": "nvidia"}
    system = {"node_name": "node-1"} if of == "container" else {}
    metric = f"kubernetes.io/{of}/accelerator/{measure}"
    return Raw(metric, labels, f"k8s_{of}", {**where, **resource}, points, system, {"team": "ads"})


POD = {"namespace_name": "train", "pod_name": "job-1", "container_name": "main"}


def dcgm(name: str, points: dict[datetime, float], **told: str) -> Raw:
    where = {"project_id": "acme-ml", "location": "us-central1", "cluster": "gpu-dcgm", "job": "dcgm"}
    labels = {"UUID": "GPU-d", "modelName": "NVIDIA H100", "Hostname": "node-2", "pod": "dcgm-exporter-x", **told}
    resource = {**where, "instance": "node-2:9400", "namespace": "gmp"}
    return Raw(f"prometheus.googleapis.com/{name}/gauge", labels, "prometheus_target", resource, points)


def gpus(api: RecordedApi, collecting: Any, *raws: Raw, **more: Any) -> Any:
    api.on(SERIES, time_series(raws, 2))
    return collecting.read(GPUS, TWO_HOURS, **{"endpoint_url": api.url, "projects": ["acme-ml"], **more})


def quantities(collected: Any) -> dict[tuple[str, str, str | None], Decimal]:
    return {
        (row["metric"], dict(row["facts"])["gpu"], dict(row["facts"]).get("pod")): row["quantity"].normalize()
        for row in collected.rows
    }


def test_gpus_of_the_ops_agent_are_held_by_their_instances(api: RecordedApi, collecting) -> None:
    read = gpus(
        api,
        collecting,
        agent("utilization", minutes(*[95.5] * 30, *[20.0] * 30)),
        agent("utilization", minutes(*[0.0] * 30, 2147483632.0, float("nan")), "1"),
        agent("memory/bytes_used", minutes(*[2.0**33] * 60), memory_state="used"),
        agent("memory/bytes_used", minutes(*[2.0**34] * 60), memory_state="free"),
        facts=["team"],
    )
    found = quantities(read)
    assert found["gpu.hours", "GPU-0", None] == 1
    assert (found["gpu.busy_hours", "GPU-0", None], found["gpu.low_hours", "GPU-0", None]) == (1, Decimal("0.5"))
    assert found["gpu.utilization", "GPU-0", None] == Decimal("57.75")
    assert found["gpu.hours", "GPU-1", None] == Decimal("0.5"), "blanks of the driver are no samples"
    assert found["gpu.memory_gib", "GPU-0", None] == 8
    facts = [dict(row["facts"]) for row in read.rows if row["metric"] == "gpu.busy_hours"]
    assert facts[0] == {
        "gpu": "GPU-0",
        "node": "train-1",
        "gpu_model": "NVIDIA L4",
        "measured_by": "agent.googleapis.com/gpu/utilization",
        "instance": "train-1",
        "team": "search",
    }
    assert read.reading.coverage == (Window(EIGHT, EIGHT + HOUR),), "no sample is a gap"


def test_containers_of_gke_hold_their_gpus_and_nodes_tell_when_nobody_does(api: RecordedApi, collecting) -> None:
    read = gpus(
        api,
        collecting,
        gke("container", "duty_cycle", minutes(*[80] * 30), **POD),
        gke("node", "duty_cycle", minutes(*[80] * 30, *[0] * 30), node_name="node-1"),
        gke("container", "memory_used", minutes(*[2**31] * 30), **POD),
        read=["gke"],
        facts=["team"],
    )
    found = quantities(read)
    assert found["gpu.capacity_hours", "GPU-k", None] == 1
    assert found["gpu.hours", "GPU-k", "job-1"] == Decimal("0.5")
    assert found["gpu.hours", "GPU-k", None] == 0
    assert found["gpu.memory_gib", "GPU-k", "job-1"] == 2
    assert {row["pool"] for row in read.rows} == {"gpu-prod"}


def test_dcgm_by_managed_prometheus_goes_before_the_others_and_finds_the_holder(api: RecordedApi, collecting) -> None:
    held = {"exported_pod": "job-2", "exported_namespace": "train", "exported_container": "main"}
    read = gpus(
        api,
        collecting,
        dcgm("DCGM_FI_PROF_SM_ACTIVE", minutes(*[0.25] * 60), **held),
        dcgm("DCGM_FI_DEV_GPU_UTIL", minutes(*[100.0] * 60), **held),
        dcgm("DCGM_FI_DEV_GPU_UTIL", minutes(*[0.0] * 60), UUID="GPU-idle"),
        dcgm("DCGM_FI_DEV_FB_USED", minutes(*[1536.0] * 60), **held),
    )
    found = quantities(read)
    assert found["gpu.utilization", "GPU-d", "job-2"] == 25
    assert found["gpu.hours", "GPU-idle", None] == 0, "the exporter's own pod holds nothing"
    assert found["gpu.memory_gib", "GPU-d", "job-2"] == Decimal("1.5")
    assert {row["pool"] for row in read.rows} == {"gpu-dcgm"}
    again = collecting.read(GPUS, Window(EIGHT, EIGHT + HOUR), endpoint_url=api.url, projects=["acme-ml"])
    assert again.rows == read.rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"read": ["nvidia"]}, "read: 'nvidia' is not one of dcgm, agent, gke"),
        ({"step": "90s"}, "step: 90s is no whole number of minutes|an hour is no whole number of 90s"),
        ({"step": "30s"}, "step: 30s is no whole number of minutes"),
    ],
)
def test_options_of_gpus_that_cannot_be_are_told(collecting, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(GPUS, projects=["acme-ml"], **options)
