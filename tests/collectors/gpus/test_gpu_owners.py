"""Owners of GPU hours, joined with what kube-state-metrics tells of pods and namespaces, from a real Prometheus."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from collectors.base import Window
from collectors.gpus.prometheus import TYPE

START = datetime(2026, 11, 19, 0, tzinfo=UTC)
NOW = START + timedelta(hours=3)
UTIL, GR = "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
KSM = 'instance="10.0.0.7:8080",job="ksm",pod="ksm-0"'


def lines(labels: str, minutes: Iterable[int], value: str = "1") -> list[str]:
    return [f"{{{labels}}} {value} {int(START.timestamp()) + 60 * minute}" for minute in minutes]


def openmetrics() -> str:
    """Two hours of a GPU held by a pod that changes its team, one held by nobody's pod, and one that two share."""
    whole = range(120)
    train = f'{KSM},exported_namespace="research",exported_pod="train-0"'
    changed = [
        *lines(f'{train},uid="1",label_team="search"', range(80)),
        *lines(f'{train},uid="2",label_team="ads"', range(80, 120)),
        *lines(f'{train},uid="2",label_team="ads",replica="b"', range(80, 120)),
    ]
    by_metric = {
        UTIL: [
            *lines('UUID="GPU-a",exported_namespace="research",exported_pod="train-0"', whole, "90"),
            *lines('UUID="GPU-b",exported_namespace="vision",exported_pod="infer-0"', whole, "90"),
            *lines('UUID="GPU-shared",exported_namespace="vision",exported_pod="infer-1"', whole, "40"),
            *lines('UUID="GPU-shared",exported_namespace="research",exported_pod="train-0"', whole, "40"),
            *lines('UUID="GPU-idle"', whole, "0"),
        ],
        GR: lines('UUID="GPU-b",exported_namespace="vision",exported_pod="infer-0"', whole, "0.25"),
        "kube_pod_labels": changed,
        "kube_namespace_labels": [
            *lines(f'{KSM},exported_namespace="research",label_team="lab",label_cost_example_com_center="9"', whole),
            *lines('namespace="vision",label_team="cameras",cluster="a"', whole),
            *lines('namespace="vision",label_team="zoo",cluster="b"', [*whole, 121]),
        ],
    }
    groups = ["\n".join(f"{name}{line}" for line in found) for name, found in by_metric.items()]
    return "\n".join([*groups, "# EOF\n"])


@pytest.fixture(scope="module")
def prometheus(start_prometheus: Callable) -> str:
    return start_prometheus(openmetrics()).url


@pytest.fixture
def read(prometheus: str, collecting) -> Callable:
    def reading(window: Window | None = None, **options: object):
        return collecting.read(TYPE, window, NOW, url=prometheus, **options)

    return reading


def hours_by_team(collected) -> dict[tuple[int, str, str | None], Decimal]:
    rows = [(row, dict(row["facts"])) for row in collected.rows if row["metric"] == "gpu.hours"]
    return {(row["hour"].hour, facts["gpu"], facts.get("team")): row["quantity"] for row, facts in rows}


@pytest.mark.slow
def test_a_holder_has_its_pods_label_or_its_namespaces_and_no_hour_twice(read) -> None:
    found = hours_by_team(read(labels=["team"], label_selector='{cluster!="b"}'))
    assert found == {
        (0, "GPU-a", "search"): 1,
        (1, "GPU-a", "ads"): 1,
        **{(hour, "GPU-b", "cameras"): Decimal(1) for hour in range(2)},
        **{(hour, "GPU-idle", None): Decimal(0) for hour in range(2)},
        **{(hour, "GPU-shared", "cameras"): Decimal("0.5") for hour in range(2)},
        (0, "GPU-shared", "search"): Decimal("0.5"),
        (1, "GPU-shared", "ads"): Decimal("0.5"),
    }


@pytest.mark.slow
def test_labels_are_facts_by_their_names_in_kubernetes(read) -> None:
    rows = read(labels=["cost.example.com/center", "absent"]).rows
    holders = [dict(row["facts"]) for row in rows if ("gpu", "GPU-a") in row["facts"] and row["metric"] == "gpu.hours"]
    assert [facts["cost.example.com/center"] for facts in holders] == ["9", "9"]
    assert not any("absent" in dict(row["facts"]) for row in rows)


@pytest.mark.slow
def test_a_window_gives_the_owners_that_a_longer_one_gives(read) -> None:
    whole = read(labels=["team"])
    second = Window(START + timedelta(hours=1), START + timedelta(hours=2))
    assert read(second, labels=["team"]).rows == [row for row in whole.rows if row["hour"] == second.start]


@pytest.mark.slow
def test_the_engines_activity_goes_before_utilisation_and_is_named(read) -> None:
    rows = [dict(row["facts"]) | row for row in read().rows if ("gpu", "GPU-b") in row["facts"]]
    found = {(row["measured_by"], row["quantity"]) for row in rows if row["metric"] == "gpu.utilization"}
    assert found == {(GR, Decimal(25))}


def test_a_label_that_would_hide_a_fact_is_refused(collecting) -> None:
    with pytest.raises(ValueError, match="labels: pod is a fact of its own here"):
        collecting.build(TYPE, url="http://x", labels=["pod"])
