"""GPU hours from a real Prometheus, on series as dcgm-exporter writes them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.base import CollectError, Window
from collectors.gpus.prometheus import TYPE

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parents[1] / "golden"
START = datetime(2026, 11, 19, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 19, 5, 0, 30, tzinfo=UTC)
UTIL, GR, SM = "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_PROF_SM_ACTIVE"
H100 = 'modelName="NVIDIA H100 80GB HBM3"'
EXPORTER = 'instance="10.0.0.1:9400",job="dcgm"'
TRAIN = 'exported_container="trainer",exported_namespace="team-a",exported_pod="train-0"'


def line(metric: str, labels: str, minutes: Iterable[int], value: str) -> list[str]:
    first = int(START.timestamp())
    return [f"{metric}{{{labels}}} {value} {first + 60 * minute}" for minute in minutes]


def hours(first: int, last: int) -> range:
    """The minutes of the hours from `first` until `last`, the last not included."""
    return range(60 * first, 60 * last)


def openmetrics() -> str:
    """Five hours of a cluster: hour 4 is not over, hour 3 has no samples of any GPU."""
    own = f'{EXPORTER},pod="dcgm-exporter-x",namespace="monitoring",container="exporter",cluster="gpu-prod"'
    held = f'UUID="GPU-held",{H100},Hostname="node-0",{own},{TRAIN}'
    idle = f'UUID="GPU-idle",{H100},hostname="node-0",{own}'
    mig = f'UUID="GPU-mig",modelName="NVIDIA A100-SXM4-80GB",hostname="node-1",{EXPORTER}'
    small, large = 'GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"', 'GPU_I_PROFILE="3g.40gb",GPU_I_ID="2"'
    shared = f'UUID="GPU-shared",{H100},Hostname="node-2",{EXPORTER}'
    by_metric = {
        UTIL: [
            *line(UTIL, held, hours(0, 1), "77"),
            *line(UTIL, held, range(60, 90), "100"),  # then half an hour of nothing
            *line(UTIL, held, [120, 121], "9223372036854775794"),
            *line(UTIL, held, range(122, 126), "5"),
            *line(UTIL, held, range(126, 130), "2147483632"),
            *line(UTIL, held, range(130, 140), "NaN"),
            *line(UTIL, held, range(140, 180), "5"),
            *line(UTIL, held, range(240, 300), "99"),
            *line(UTIL, idle, hours(0, 3), "0"),
            *line(UTIL, shared, hours(0, 1), "50"),
            *line(UTIL, f'{shared},pod="a",namespace="ns"', hours(0, 1), "50"),
            *line(UTIL, f'{shared},pod="b",namespace="ns"', hours(0, 1), "50"),
            *line(UTIL, f'{shared},pod="a",namespace="ns",replica="2"', hours(0, 1), "50"),
        ],
        GR: [
            *line(GR, f"{mig},{small},{TRAIN}", hours(0, 1), "0.5"),
            *line(GR, f"{mig},{large}", hours(0, 1), "0"),
        ],
        SM: line(SM, idle, hours(0, 1), "0.015625"),
        "up": line("up", own, hours(0, 3), "1"),
    }
    groups = [f"# TYPE {metric} gauge\n" + "\n".join(lines) for metric, lines in by_metric.items()]
    return "\n".join([*groups, "# EOF\n"])


@pytest.fixture(scope="module")
def prometheus(start_prometheus: Callable) -> str:
    return start_prometheus(openmetrics()).url


@pytest.fixture
def read(prometheus: str, collecting) -> Callable:
    def reading(window: Window | None = None, now: datetime = NOW, **options: object):
        return collecting.read(TYPE, window, now, url=prometheus, **options)

    return reading


def measured(collected, gpu: str) -> dict[int, dict[str, Decimal]]:
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in collected.rows:
        facts = dict(row["facts"])
        if facts["gpu"] == gpu:
            key = f"{row['metric']} {facts['pod']}" if gpu == "GPU-shared" and "pod" in facts else row["metric"]
            found[row["hour"].hour][key] = row["quantity"].normalize()
    return found


def test_a_held_gpu_is_measured_by_the_hour_and_a_gap_is_no_zero(read) -> None:
    by_hour = measured(read(), "GPU-held")
    assert by_hour[0] == {
        "gpu.capacity_hours": 1,
        "gpu.hours": 1,
        "gpu.busy_hours": 1,
        "gpu.low_hours": 0,
        "gpu.utilization": 77,
        "gpu.samples": 1,
    }
    assert by_hour[1] == {
        "gpu.capacity_hours": Decimal("0.5"),
        "gpu.hours": Decimal("0.5"),
        "gpu.busy_hours": Decimal("0.5"),
        "gpu.low_hours": 0,
        "gpu.utilization": 100,
        "gpu.samples": Decimal("0.5"),
        "gpu.saturated_stretch_hours": Decimal("0.5"),
    }
    assert by_hour[2]["gpu.utilization"] == 5, "blanks, NaN and values beyond 1e15 are no measurements"
    assert by_hour[2]["gpu.samples"] == Decimal(44 * 10**12 // 60).scaleb(-12)
    assert by_hour[2]["gpu.busy_hours"] == 0
    assert by_hour[2]["gpu.low_stretch_hours"] == Decimal(40 * 10**12 // 60).scaleb(-12), "a gap ends a stretch"
    assert 3 not in by_hour


def test_a_gpu_that_computes_but_little_is_told_apart_from_an_idle_one(read) -> None:
    by_hour = measured(read(low_below="80"), "GPU-held")
    assert (by_hour[0]["gpu.busy_hours"], by_hour[0]["gpu.low_hours"]) == (1, 1)
    assert (by_hour[1]["gpu.busy_hours"], by_hour[1]["gpu.low_hours"]) == (Decimal("0.5"), 0)
    assert (by_hour[2]["gpu.busy_hours"], by_hour[2]["gpu.low_hours"]) == (0, 0)


def test_the_holder_is_the_exported_pod_and_never_the_exporter(read) -> None:
    facts = {dict(row["facts"])["gpu"]: dict(row["facts"]) for row in read().rows if row["metric"] == "gpu.hours"}
    assert facts["GPU-held"] == {
        "gpu": "GPU-held",
        "node": "node-0",
        "gpu_model": "NVIDIA H100 80GB HBM3",
        "measured_by": UTIL,
        "namespace": "team-a",
        "pod": "train-0",
        "container": "trainer",
    }
    assert "pod" not in facts["GPU-idle"]
    assert "namespace" not in facts["GPU-idle"]


def test_a_gpu_that_nobody_holds_has_capacity_and_utilisation_and_zero_hours(read) -> None:
    assert measured(read(), "GPU-idle")[1] == {
        "gpu.capacity_hours": 1,
        "gpu.hours": 0,
        "gpu.utilization": 0,
        "gpu.samples": 1,
    }


def test_the_profiling_metric_goes_first_where_it_is_there_and_is_named(read) -> None:
    rows = [row for row in read().rows if row["metric"] == "gpu.utilization" and ("gpu", "GPU-idle") in row["facts"]]
    assert [(dict(row["facts"])["measured_by"], row["quantity"]) for row in rows] == [
        (SM, Decimal("1.5625")),
        (UTIL, Decimal(0)),
        (UTIL, Decimal(0)),
    ]


def test_mig_instances_are_parts_of_one_gpu(read) -> None:
    collected = read()
    assert measured(collected, "GPU-mig")[0] == {"gpu.capacity_hours": 1}
    small = measured(collected, "GPU-mig/7")[0]
    assert small["gpu.hours"] == Decimal("0.142857142857")
    assert small["gpu.utilization"] == 50
    assert measured(collected, "GPU-mig/2")[0] == {"gpu.hours": 0, "gpu.utilization": 0, "gpu.samples": 1}
    facts = next(dict(row["facts"]) for row in collected.rows if ("gpu", "GPU-mig/7") in row["facts"])
    assert facts["profile"] == "1g.10gb"
    assert facts["node"] == "node-1"


def test_a_shared_gpu_is_shared_out_and_counted_once(read) -> None:
    assert measured(read(), "GPU-shared")[0] == {
        "gpu.capacity_hours": 1,
        **{f"{metric} {pod}": Decimal("0.5") for metric in ("gpu.hours", "gpu.busy_hours") for pod in "ab"},
        **{f"gpu.low_hours {pod}": Decimal(0) for pod in "ab"},
        **{f"gpu.utilization {pod}": Decimal(50) for pod in "ab"},
        **{f"gpu.samples {pod}": Decimal(1) for pod in "ab"},
    }


def test_an_hour_is_given_only_when_it_is_over_and_covered_only_with_samples(read) -> None:
    collected = read(now=START + timedelta(hours=4, minutes=59))
    assert {row["hour"].hour for row in collected.rows} == {0, 1, 2}
    assert collected.reading.coverage == (Window(START, START + timedelta(hours=3)),)
    later = read(now=START + timedelta(hours=5))
    assert later.reading.coverage[-1] == Window(START + timedelta(hours=4), START + timedelta(hours=5))
    assert len(later.reading.coverage) == 2


def test_a_window_gives_its_whole_hours(read) -> None:
    half = timedelta(minutes=30)
    window = Window(START + half, START + timedelta(hours=2) + half)
    assert {row["hour"].hour for row in read(window).rows} == {1}


def test_the_pool_is_the_option_or_the_label_or_the_source(read) -> None:
    pools = {dict(row["facts"])["gpu"]: row["pool"] for row in read().rows}
    assert pools["GPU-held"] == "gpu-prod"
    assert pools["GPU-mig"] == "source"
    assert {row["pool"] for row in read(pool="mine").rows} == {"mine"}
    assert "monitoring" in {row["pool"] for row in read(pool_label="namespace").rows}


def test_a_selector_narrows_and_carried_labels_become_facts(read) -> None:
    rows = read(selector='{UUID="GPU-held"}', facts=["cluster", "absent"]).rows
    assert {dict(row["facts"])["gpu"] for row in rows} == {"GPU-held"}
    assert {dict(row["facts"]).get("cluster") for row in rows if row["metric"] == "gpu.hours"} == {"gpu-prod"}


def test_a_finer_step_and_a_long_window_stay_below_the_point_limit(read) -> None:
    window = Window(START - timedelta(days=20), START + timedelta(hours=1))
    collected = read(window, step="1s", selector='UUID="GPU-held"')
    [samples] = [row["quantity"] for row in collected.rows if row["metric"] == "gpu.samples"]
    assert samples == Decimal(60 * 10**12 // 3600).scaleb(-12), "a step finer than the scrapes finds few samples"


def test_a_recorded_cluster_gives_its_golden_table(read, prometheus: str, golden: Callable) -> None:
    golden(GOLDEN / "prometheus" / "table.json", read(), replacing=(prometheus, ""))


def test_reading_twice_and_reading_a_part_give_the_same_rows(read) -> None:
    whole = read().rows
    assert read().rows == whole
    first_hours = Window(START, START + timedelta(hours=2))
    assert read(first_hours).rows == [row for row in whole if row["hour"] < first_hours.end]


def test_a_broken_selector_is_a_permanent_error_with_the_servers_words(read) -> None:
    with pytest.raises(CollectError, match=r"answered 400: .*parse error") as refused:
        read(selector="UUID=")
    assert refused.value.permanent


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "url is missing"),
        ({"url": "http://x", "step": "7m"}, "an hour is no whole number of 7m"),
        ({"url": "http://x", "step": "0s"}, "an hour is no whole number of 0s"),
        ({"url": "http://x", "step": "2h"}, "an hour is no whole number of 2h"),
        ({"url": "http://x", "busy_above": "200"}, "busy_above: 200 is not between 0 and 100"),
        ({"url": "http://x", "facts": {"a": "b"}}, "facts is a list of words"),
        ({"url": "http://x", "facts": ["Hour"]}, "facts: Hour is a column of its own here"),
    ],
)
def test_a_wrong_option_is_told(options, message: str, collecting) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, **options)
