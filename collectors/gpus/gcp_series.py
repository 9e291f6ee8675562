"""What Cloud Monitoring knows of GPUs: the Ops Agent's metrics, GKE's, and DCGM's by Managed Prometheus."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from collectors.gcp.monitoring import TimeSeries
from collectors.gpus.series import (
    GPU_UTIL,
    GR_ENGINE_ACTIVE,
    SM_ACTIVE,
    Device,
    Labelling,
    Series,
    Target,
    read_series,
)

_HIGHEST_PERCENT = 110
"""Above this a value is no measurement but a blank of the driver."""

_GIB = 2**30
_MIB_PER_GIB = 2**10
_DUTY_CYCLE = "accelerator/duty_cycle"
"""GKE's metric of containers and of nodes, under one name: a node's adds to its containers' what nobody held."""

_AGENT_LABELS = (
    *(f"resource.label.{name}" for name in ("project_id", "zone", "instance_id")),
    *(f"metric.label.{name}" for name in ("gpu_number", "uuid", "model")),
    "metadata.system_labels.name",
)
_GKE_LABELS = (
    *(f"resource.label.{name}" for name in ("project_id", "location", "cluster_name")),
    *(f"metric.label.{name}" for name in ("accelerator_id", "model")),
)
_CONTAINER_LABELS = (
    *_GKE_LABELS,
    *(f"resource.label.{name}" for name in ("namespace_name", "pod_name", "container_name")),
    "metadata.system_labels.node_name",
)
_NODE_LABELS = (*_GKE_LABELS, "resource.label.node_name")
_DCGM_LABELS = (
    *(f"resource.label.{name}" for name in ("project_id", "location", "cluster", "job", "instance")),
    *(
        f"metric.label.{name}"
        for name in (
            *("UUID", "GPU_I_ID", "GPU_I_PROFILE", "modelName", "Hostname", "pod", "namespace", "container"),
            *("exported_pod", "exported_namespace", "exported_container", "hpc_job"),
        )
    ),
)


@dataclass(frozen=True)
class Reading:
    """What is made of one series: `labelling` names the pool and the labels to carry along, `targets` are exporters."""

    labelling: Labelling
    targets: AbstractSet[Target]


@dataclass(frozen=True)
class Kind:
    """One metric: where it is, its labels, where labels of the user's own are, and what a series of it says.

    `name` is what the rows say that they were measured by. `per_unit` is what a value times it is: percent of
    utilisation, or GiB of memory.
    """

    metric: str
    name: str
    labels: Sequence[str]
    own_labels: str
    read: "Reader"
    per_unit: Decimal = Decimal(1)
    matching: str = ""


Reader: TypeAlias = Callable[[Kind, TimeSeries, Reading], Series | None]
"""Gives the device, its holder and its pool, without values; None where a series is of no GPU."""


def _of_agent(kind: Kind, one: TimeSeries, reading: Reading) -> Series | None:
    instance, number = one.resource.get("instance_id"), one.told.get("gpu_number")
    uuid = one.told.get("uuid") or (f"{instance}/{number}" if instance and number else None)
    if uuid is None or instance is None:
        return None
    about = {"node": one.metadata.get("name") or instance, "gpu_model": one.told.get("model")}
    holder = {**_carried(one, reading), "instance": one.metadata.get("name") or instance}
    return _series(kind, Device(uuid), about, holder, reading)


def _of_gke(kind: Kind, one: TimeSeries, reading: Reading) -> Series | None:
    uuid = one.told.get("accelerator_id")
    if uuid is None:
        return None
    about = {
        "node": one.resource.get("node_name") or one.metadata.get("node_name"),
        "gpu_model": one.told.get("model"),
    }
    pod = one.resource.get("pod_name")
    holder = {
        **_carried(one, reading),
        "namespace": one.resource.get("namespace_name"),
        "pod": pod,
        "container": one.resource.get("container_name"),
    }
    pool = one.resource.get(reading.labelling.pool_label) or one.resource.get("cluster_name")
    return _series(kind, Device(uuid), about, holder if pod else {}, reading, pool)


def _of_dcgm(kind: Kind, one: TimeSeries, reading: Reading) -> Series | None:
    # Numbers are read by us: blanks of memory are others than those of utilisation.
    series = read_series(GPU_UTIL, {**one.resource, **one.told}, (), reading.labelling, reading.targets)
    return None if series is None else replace(series, metric=kind.name)


def _series(
    kind: Kind,
    device: Device,
    about: Mapping[str, str | None],
    holder: Mapping[str, str | None],
    reading: Reading,
    pool: str | None = None,
) -> Series:
    chosen = reading.labelling.pool or pool or reading.labelling.source
    return Series(kind.name, device, chosen, _present(about), _present(holder), {})


def _carried(one: TimeSeries, reading: Reading) -> dict[str, str | None]:
    return {name: one.metadata.get(name) for name in reading.labelling.facts}


def _present(facts: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in facts.items() if value)


def _dcgm(name: str, per_unit: Decimal) -> Kind:
    return Kind(f"prometheus.googleapis.com/{name}/gauge", name, _DCGM_LABELS, "metric.label", _of_dcgm, per_unit)


def _gke(of: str, measure: str, name: str, per_unit: Decimal) -> Kind:
    labels = _CONTAINER_LABELS if of == "container" else _NODE_LABELS
    metric = f"kubernetes.io/{of}/accelerator/{measure}"
    return Kind(metric, name, labels, "metadata.user_labels", _of_gke, per_unit)


def _agent(measure: str, per_unit: Decimal, matching: str = "") -> Kind:
    metric = f"agent.googleapis.com/gpu/{measure}"
    return Kind(metric, metric, _AGENT_LABELS, "metadata.user_labels", _of_agent, per_unit, matching)


_A_BYTE = Decimal(1) / _GIB
_ONE = Decimal(1)
UTILISATION: Mapping[str, tuple[Kind, ...]] = {
    "dcgm": (
        _dcgm(SM_ACTIVE, Decimal(100)),
        _dcgm(GR_ENGINE_ACTIVE, Decimal(100)),
        _dcgm(GPU_UTIL, _ONE),
    ),
    "agent": (_agent("utilization", _ONE),),
    "gke": (_gke("container", "duty_cycle", _DUTY_CYCLE, _ONE), _gke("node", "duty_cycle", _DUTY_CYCLE, _ONE)),
}
MEMORY: Mapping[str, tuple[Kind, ...]] = {
    "dcgm": (_dcgm("DCGM_FI_DEV_FB_USED", Decimal(1) / _MIB_PER_GIB),),
    "agent": (_agent("memory/bytes_used", _A_BYTE, 'metric.label.memory_state="used"'),),
    "gke": (_gke("container", "memory_used", "accelerator/memory_used", _A_BYTE),),
}


def percents(one: TimeSeries, kind: Kind, start: datetime, slot: timedelta) -> dict[int, Decimal]:
    """Return utilisation in percent by the number of the slot, counted from `start`; what is none is left out."""
    found: dict[int, Decimal] = {}
    for at, value in one.values.items():
        percent = value * kind.per_unit
        if 0 <= percent <= _HIGHEST_PERCENT:
            found[(at - start) // slot] = min(percent, Decimal(100))
    return found


def exporters(found: Iterable[TimeSeries]) -> AbstractSet[Target]:
    """Return the scraped exporters: `pod` is the exporter where the holder's is renamed, and where it is called so."""
    targets: set[Target] = set()
    for one in found:
        pod = one.told.get("pod", "")
        if "exported_pod" in one.told or "dcgm" in pod:
            targets.add((one.resource.get("instance", ""), one.resource.get("job", ""), pod))
    return targets
