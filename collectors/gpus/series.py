"""What Prometheus answered about GPUs: series of samples by time slot, each with its GPU and who held it."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal

SM_ACTIVE = "DCGM_FI_PROF_SM_ACTIVE"
GR_ENGINE_ACTIVE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
GPU_UTIL = "DCGM_FI_DEV_GPU_UTIL"
PERCENT_PER_UNIT: Mapping[str, int] = {SM_ACTIVE: 100, GR_ENGINE_ACTIVE: 100, GPU_UTIL: 1}
"""The metrics of utilisation, the most telling first: profiling counters are 0 to 1, GPU_UTIL is 0 to 100.

GPU_UTIL is the share of time in which any kernel ran, however small; it is the last resort."""

NVML_SM_UTIL = "NVML_GPM_METRIC_SM_UTIL"
NVML_GRAPHICS_UTIL = "NVML_GPM_METRIC_GRAPHICS_UTIL"
NVML_GPU_UTIL = "nvmlUtilization_t.gpu"
MOST_TELLING = (SM_ACTIVE, NVML_SM_UTIL, GR_ENGINE_ACTIVE, NVML_GRAPHICS_UTIL, GPU_UTIL, NVML_GPU_UTIL)
"""Every metric whose place is known, the most telling first; any other is the last resort."""

HELD = ""
"""In the place of a metric: the series tells who held the device and not how it was used."""

_HIGHEST_PERCENT = 110
"""Above this a value is no measurement: DCGM writes blanks as 2147483632 or 9223372036854775794."""

_SLICES = re.compile(r"([0-9]+)g\..*")
_SLICES_OF_A30 = 4
_SLICES_OF_OTHERS = 7

Target = tuple[str, str, str]
"""Instance, job and pod of a scraped exporter."""


@dataclass(frozen=True)
class Device:
    """A GPU, or one MIG instance of it: then `instance` is its GPU_I_ID and `profile` its size."""

    uuid: str
    instance: str = ""
    profile: str = ""

    @property
    def name(self) -> str:
        """UUID, or UUID/GPU_I_ID."""
        return f"{self.uuid}/{self.instance}" if self.instance else self.uuid


@dataclass(frozen=True)
class Series:
    """One series: the device, what is known of it and of its holder, and utilisation in percent by time slot.

    `holder` is empty where nobody held the device: no pod and no batch job. A percentage is None in series of HELD.
    """

    metric: str
    device: Device
    pool: str
    about: tuple[tuple[str, str], ...]
    holder: tuple[tuple[str, str], ...]
    percents: Mapping[int, Decimal | None]


@dataclass(frozen=True)
class Labelling:
    """How labels become facts: the fixed pool or the label that names it, and labels carried along as facts."""

    source: str
    pool: str | None = None
    pool_label: str = "cluster"
    facts: tuple[str, ...] = ()


def telling(metric: str) -> tuple[int, str]:
    """Return a key that sorts metrics of utilisation, the most telling first."""
    return MOST_TELLING.index(metric) if metric in MOST_TELLING else len(MOST_TELLING), metric


def read_series(
    metric: str,
    labels: Mapping[str, str],
    samples: Iterable[tuple[int, str]],
    labelling: Labelling,
    exporters: AbstractSet[Target],
) -> Series | None:
    """Read one series; `samples` are time slots and values as text. None where it names no GPU."""
    given = {name: value for name, value in labels.items() if value}
    uuid = _first(given, "UUID", "uuid", "gpu_uuid")
    if uuid is None:
        return None
    device = Device(uuid, given.get("GPU_I_ID", ""), given.get("GPU_I_PROFILE", ""))
    about = {
        "node": _first(given, "Hostname", "hostname", "node", "exported_instance", "instance"),
        "gpu_model": _first(given, "modelName", "model"),
        "profile": device.profile or None,
    }
    percents = {slot: percent for slot, text in samples if (percent := _percent(metric, text)) is not None}
    return Series(
        metric,
        device,
        labelling.pool or given.get(labelling.pool_label) or labelling.source,
        _present(about),
        _present(_holder(given, exporters, labelling.facts)),
        percents,
    )


def shares_of(devices: Iterable[Device], model: str) -> Mapping[Device, tuple[int, int]]:
    """Return each device's part of its GPU as (numerator, denominator); the parts of one GPU never pass 1.

    MIG instances count by their compute slices of seven (of four on an A30): "3g.40gb" is 3/7.
    Where a profile has no such form, the instances seen count alike.
    """
    instances = list(devices)
    if len(instances) == 1 and not instances[0].instance:
        return {instances[0]: (1, 1)}
    sizes = [_SLICES.fullmatch(device.profile) for device in instances]
    if not all(sizes):
        return {device: (1, len(instances)) for device in instances}
    slices = [int(size[1]) for size in sizes if size is not None]
    whole = _SLICES_OF_A30 if "A30" in re.split(r"[ -]", model) else _SLICES_OF_OTHERS
    whole = max(whole, sum(slices))
    return {device: (count, whole) for device, count in zip(instances, slices, strict=True)}


def _percent(metric: str, text: str) -> Decimal | None:
    """Return utilisation in percent, or None where the value is no measurement."""
    value = Decimal(text)
    if not value.is_finite() or value < 0:
        return None
    percent = value * PERCENT_PER_UNIT[metric]
    return None if percent > _HIGHEST_PERCENT else min(percent, Decimal(100))


def _holder(labels: Mapping[str, str], exporters: AbstractSet[Target], facts: tuple[str, ...]) -> dict[str, str | None]:
    """Find who held the device.

    Unless labels are honoured Prometheus renames the exporter's pod to exported_pod, and `pod` is then the exporter
    itself; on an idle GPU only that one is there. Which pods are exporters is told by `up`.
    """
    own = (labels.get("instance", ""), labels.get("job", ""), labels.get("pod", "")) in exporters
    prefix, suffix = "", ""
    if "exported_pod" in labels:
        prefix = "exported_"
    elif own or "pod" not in labels:
        suffix = "_name"
    namespace = "pod_namespace" if suffix else f"{prefix}namespace"
    pod = labels.get(f"{prefix}pod{suffix}")
    job = labels.get("hpc_job")
    if pod is None and job is None:
        return {}
    carried = {name: labels.get(name) for name in facts}
    if pod is None:
        return {**carried, "job": job}
    return {
        **carried,
        "namespace": labels.get(namespace),
        "pod": pod,
        "container": labels.get(f"{prefix}container{suffix}"),
        "job": job,
    }


def _first(labels: Mapping[str, str], *names: str) -> str | None:
    return next((labels[name] for name in names if name in labels), None)


def _present(facts: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in facts.items() if value)
