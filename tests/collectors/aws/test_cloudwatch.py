"""GPUs and Bedrock from a real server that speaks CloudWatch's protocol."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from collectors.api.windows import HOUR, pieces
from collectors.aws.asking import Asking
from collectors.aws.client import asked
from collectors.aws.cloudwatch import Metric, list_metrics, values_of
from collectors.base import CollectError, Window
from collectors.gpus.cloudwatch import TYPE as GPUS
from collectors.tokens.bedrock import TYPE as BEDROCK

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parents[1] / "golden"
EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)
TWO_HOURS = Window(EIGHT, EIGHT + timedelta(hours=2))


@pytest.fixture
def put(s3):
    """Write values of a metric, minute by minute from eight o'clock."""
    client = boto3.client("cloudwatch")

    def write(namespace: str, name: str, values: list[float], step: int = 1, /, **dimensions: str) -> None:
        told = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        data = [
            {
                "MetricName": name,
                "Dimensions": told,
                "Timestamp": EIGHT + timedelta(minutes=step * number),
                "Value": value,
            }
            for number, value in enumerate(values)
        ]
        client.put_metric_data(Namespace=namespace, MetricData=data)

    return write


def quantities(collected) -> dict[tuple, Decimal]:
    return {(row["metric"], dict(row["facts"]).get("gpu")): row["quantity"].normalize() for row in collected.rows}


def test_gpus_of_agents_become_hours_held_by_their_instances(put, collecting, golden) -> None:
    busy = {"InstanceId": "i-1", "index": "0", "name": "NVIDIA H100", "AutoScalingGroupName": "train"}
    put("CWAgent", "nvidia_smi_utilization_gpu", [95.5] * 30 + [20.0] * 30, **busy)
    put(
        "CWAgent",
        "nvidia_smi_utilization_gpu",
        [0.0] * 30 + [2147483632.0],
        InstanceId="i-1",
        index="1",
        name="NVIDIA H100",
    )
    put("CWAgent", "nvidia_smi_utilization_gpu", [50.0] * 60, InstanceId="i-1")
    put("CWAgent", "nvidia_smi_utilization_gpu", [95.5] * 30 + [20.0] * 30, InstanceId="i-1", index="0")
    collected = collecting.read(GPUS, TWO_HOURS, pool="train", facts=["AutoScalingGroupName"])
    found = quantities(collected)
    assert found["gpu.hours", "i-1/0"] == 1, "two sets of dimensions are one GPU"
    assert found["gpu.hours", "i-1/1"] == Decimal("0.5")
    assert (found["gpu.busy_hours", "i-1/0"], found["gpu.low_hours", "i-1/0"]) == (1, Decimal("0.5"))
    assert collected.reading.coverage == (Window(EIGHT, EIGHT + timedelta(hours=1)),), "no sample is a gap"
    golden(GOLDEN / "cloudwatch" / "table.json", collected)


def test_tokens_of_bedrock_count_once_by_model(put, collecting, golden) -> None:
    for name, value in (("InputTokenCount", 100.0), ("OutputTokenCount", 40.0), ("Invocations", 2.0)):
        put("AWS/Bedrock", name, [value, value], 60, ModelId="anthropic.claude-sonnet")
        put("AWS/Bedrock", name, [2 * value, value], 60)
    put("AWS/Bedrock", "CacheReadInputTokenCount", [900.0], ModelId="anthropic.claude-sonnet")
    put("AWS/Bedrock", "CacheReadInputTokens", [900.0], ModelId="anthropic.claude-sonnet")
    put("AWS/Bedrock", "CacheWriteInputTokens", [7.0], ModelId="anthropic.claude-sonnet")
    put("AWS/Bedrock", "OutputImageCount", [3.0], ModelId="nova-canvas", ImageSize="512")
    collected = collecting.read(BEDROCK, Window(EIGHT - timedelta(hours=1), TWO_HOURS.end), region="us-east-1")
    totals: dict[str, Decimal] = {}
    for row in collected.rows:
        totals[row["metric"]] = totals.get(row["metric"], Decimal(0)) + row["quantity"]
    assert totals == {
        "tokens.input": 200,
        "tokens.output": 80,
        "requests": 4,
        "tokens.cached_input": 900,
        "tokens.cache_write_5m": 7,
    }
    assert collected.reading.coverage == (Window(EIGHT - timedelta(hours=1), TWO_HOURS.end),), "no invocation is a zero"
    golden(GOLDEN / "bedrock" / "table.json", collected)


def test_reading_again_gives_the_same_rows(put, collecting) -> None:
    put("AWS/Bedrock", "InputTokenCount", [1.0, 2.0, 3.0], 60, ModelId="nova")
    whole = collecting.read(BEDROCK, Window(EIGHT, EIGHT + timedelta(hours=3))).rows
    later = collecting.read(BEDROCK, Window(EIGHT + timedelta(hours=1), EIGHT + timedelta(hours=3))).rows
    assert whole[1:] == later


def test_series_beyond_five_hundred_are_asked_for_in_several_requests(s3) -> None:
    asking = Asking()
    metrics = [Metric("CWAgent", "m", (("index", str(number)),)) for number in range(501)]
    found = values_of(boto3.client("cloudwatch"), asking, metrics, TWO_HOURS, timedelta(hours=1), "Sum")
    assert (len(found), asking.requests, asking.cost) == (501, 2, Decimal("0.00501"))


class Partial:
    """CloudWatch's answers one after the other, as its interface has them."""

    def __init__(self, *answers: dict) -> None:
        self.answers = list(answers)

    def get_metric_data(self, **_request: object) -> dict:
        return self.answers.pop(0)


def result(status: str, *values: float) -> dict:
    times = [EIGHT + timedelta(hours=number) for number in range(len(values))]
    return {"Id": "m0", "StatusCode": status, "Timestamps": times, "Values": list(values)}


def test_a_partial_answer_goes_on_with_its_next_page_and_is_refused_where_there_is_none() -> None:
    metric = Metric("AWS/Bedrock", "Invocations", (("ModelId", "nova"),))
    hour = timedelta(hours=1)
    pages = ({"MetricDataResults": [result("PartialData", 1.0)], "NextToken": "more"},
             {"MetricDataResults": [result("Complete", 1.0, 2.0)]})  # fmt: skip
    found = values_of(Partial(*pages), Asking(), [metric], TWO_HOURS, hour, "Sum")
    assert list(found[metric].values()) == [1, 2]
    with pytest.raises(CollectError, match="answered in part only") as refused:
        values_of(
            Partial({"MetricDataResults": [result("PartialData", 1.0)]}), Asking(), [metric], TWO_HOURS, hour, "Sum"
        )
    assert not refused.value.permanent


class Circling:
    """CloudWatch whose pages never end: what it lists or answers leads back to where it was."""

    def __init__(self, *, lists: bool) -> None:
        self.lists = lists
        self.asked = 0

    def list_metrics(self, **request: Any) -> dict:
        names = ("ModelId",) if request["Namespace"] == "AWS/Bedrock" else ("InstanceId", "index")
        dimensions = [{"Name": name, "Value": "1"} for name in names]
        metrics = [{"Namespace": request["Namespace"], "MetricName": request["MetricName"], "Dimensions": dimensions}]
        return {"Metrics": metrics, **(self._following() if self.lists else {})}

    def get_metric_data(self, **_request: object) -> dict:
        return {"MetricDataResults": [result("Complete", 1.0)], **self._following()}

    def _following(self) -> dict[str, str]:
        self.asked += 1
        assert self.asked < 20, "it is asked without end"
        return {"NextToken": "ab"[self.asked % 2]}


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("source", [BEDROCK, GPUS])
def test_a_page_that_comes_again_ends_the_reading_and_nothing_of_it_counts(
    source, lists: bool, collecting, monkeypatch
) -> None:
    module = {"bedrock": "collectors.tokens.bedrock", "cloudwatch": "collectors.gpus.cloudwatch"}[source.name]
    monkeypatch.setattr(f"{module}.client_of", lambda *_args: Circling(lists=lists))
    with pytest.raises(CollectError, match="gave the same page twice") as refused:
        collecting.read(source, TWO_HOURS)
    assert not refused.value.permanent


class Timed:
    """CloudWatch with one series that is used in every minute up to the time by its own clock, which it says."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def list_metrics(self, **request: Any) -> dict:
        names = ("ModelId",) if request["Namespace"] == "AWS/Bedrock" else ("InstanceId", "index")
        told = [{"Name": name, "Value": "1"} for name in names]
        metric = {"Namespace": request["Namespace"], "MetricName": request["MetricName"], "Dimensions": told}
        return {"Metrics": [metric], **self._said()}

    def get_metric_data(self, **request: Any) -> dict:
        period = timedelta(seconds=request["MetricDataQueries"][0]["MetricStat"]["Period"])
        bins = (min(request["EndTime"], self.now) - request["StartTime"] + period - timedelta.resolution) // period
        times = [request["StartTime"] + number * period for number in range(bins)]
        results = [
            {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": times, "Values": [7.0] * len(times)}
            for query in request["MetricDataQueries"]
        ]
        return {"MetricDataResults": results, **self._said()}

    def _said(self) -> dict:
        return {"ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self.now, usegmt=True)}}}


@pytest.mark.parametrize("ours", [timedelta(hours=2), timedelta(minutes=4), timedelta(), -timedelta(hours=2)])
@pytest.mark.parametrize("source", [BEDROCK, GPUS])
def test_a_clock_that_is_ahead_or_behind_covers_no_hour_before_it_is_over_and_loses_none(
    source, ours: timedelta, collecting, monkeypatch
) -> None:
    module = {"bedrock": "collectors.tokens.bedrock", "cloudwatch": "collectors.gpus.cloudwatch"}[source.name]
    theirs = EIGHT + timedelta(hours=3, minutes=18)
    monkeypatch.setattr(f"{module}.client_of", lambda *_args: Timed(theirs))
    window = Window(EIGHT, EIGHT + timedelta(hours=8))
    found = collecting.read(source, window, theirs + ours)
    over = EIGHT + timedelta(hours=min(3, 3 + ours // timedelta(hours=1)))
    assert found.reading.coverage == (Window(EIGHT, over),)
    assert {row["hour"] for row in found.rows} == {hour.start for hour in pieces(Window(EIGHT, over), HOUR)}
    right = collecting.read(source, window, theirs)
    assert right.reading.coverage == (Window(EIGHT, EIGHT + timedelta(hours=3)),)
    assert found.rows == [row for row in right.rows if row["hour"] < over], "hours that are whole are told as they are"


def test_a_real_answer_says_the_time(s3) -> None:
    asking = Asking()
    list_metrics(boto3.client("cloudwatch"), asking, "AWS/Bedrock", "Invocations")
    assert asking.told is not None
    assert abs(asking.told - datetime.now(UTC)) < timedelta(minutes=5)


class Refusing(Timed):
    """CloudWatch that refuses one of its actions."""

    def __init__(self, now: datetime, action: str) -> None:
        super().__init__(now)
        self.action = action

    def list_metrics(self, **request: Any) -> dict:
        self._refuse("ListMetrics")
        return super().list_metrics(**request)

    def get_metric_data(self, **request: Any) -> dict:
        self._refuse("GetMetricData")
        return super().get_metric_data(**request)

    def _refuse(self, action: str) -> None:
        if action == self.action:
            told = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}
            raise ClientError({**told, "ResponseMetadata": {"HTTPStatusCode": 403}}, action)  # type: ignore[arg-type]


@pytest.mark.parametrize("action", ["ListMetrics", "GetMetricData", "none"])
@pytest.mark.parametrize("source", [BEDROCK, GPUS])
def test_a_probe_names_the_one_permission_that_is_missing(source, action: str, collecting, monkeypatch) -> None:
    module = {"bedrock": "collectors.tokens.bedrock", "cloudwatch": "collectors.gpus.cloudwatch"}[source.name]
    monkeypatch.setattr(f"{module}.client_of", lambda *_args: Refusing(EIGHT, action))
    needs = collecting.build(source, lambda: EIGHT).probe()
    actions = ["ListMetrics", "GetMetricData"]
    tried = actions[: actions.index(action) + 1] if action in actions else actions
    assert [need.permission for need in needs] == [f"cloudwatch:{each}" for each in tried]
    lacks = {need.permission for need in needs if need.problem is not None}
    assert lacks == ({f"cloudwatch:{action}"} if action in actions else set())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RequestExpired", "Request has expired."),
        ("InvalidSignatureException", "Signature expired: 20261120T080000Z is now earlier than 20261120T081500Z"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261120T090000Z is still later than 20261120T081500Z"),
    ],
)
def test_a_clock_that_aws_refuses_is_named_and_no_permanent_error(code: str, message: str) -> None:
    def ask() -> None:
        told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(told, "GetMetricData")  # type: ignore[arg-type]

    with pytest.raises(CollectError, match="this host's clock is wrong") as refused:
        asked("cloudwatch:GetMetricData", ask)
    assert not refused.value.permanent


def test_a_server_that_is_away_is_not_permanent(s3, monkeypatch, free_port: int, collecting) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CollectError, match="cloudwatch:ListMetrics: Could not connect") as refused:
        collecting.read(BEDROCK, TWO_HOURS)
    assert not refused.value.permanent
