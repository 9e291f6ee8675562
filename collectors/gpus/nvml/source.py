"""The collector type `nvml`: GPU hours and utilisation of this host, by the library of NVIDIA's driver."""

import json
import platform
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.gpus.nvml.library import Nvml, Seen
from collectors.gpus.nvml.owners import UNKNOWN, Holder, Places, holder_of
from collectors.gpus.options import LIMIT_OPTIONS
from collectors.gpus.polled import POLLED_OPTIONS, PolledCollector, Targets, keeping_of
from collectors.gpus.samples import BySlot
from collectors.gpus.series import HELD, Device, Series
from collectors.options import option_list, option_texts
from collectors.storage.store import Extra

_LIBRARY = Extra("pynvml", "nvml")
_OPTIONS = (
    *POLLED_OPTIONS,
    *LIMIT_OPTIONS,
    Option("node", "The name of this host; without it, what the system says.", "gpu-node-0"),
    Option("environment", "Variables of the processes to carry along as facts.", "[TEAM]", kind="list"),
    Option("proc", "Where the host's processes are.", "/host/proc", kind="path", default="/proc"),
    Option("pods", "The kubelet's folder of logs.", "/host/log/pods", kind="path", default="/var/log/pods"),
)
_TAKEN = frozenset(
    {
        *("hour", "metric", "pool", "quantity", "gpu", "node", "gpu_model", "profile", "measured_by"),
        *("namespace", "pod", "pod_uid", "container", "job", "user"),
    }
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    if _LIBRARY.problem is not None:
        raise ValueError(_LIBRARY.problem)
    environment = option_list(settings, "environment")
    for name in environment:
        if name.lower() in _TAKEN:
            raise ValueError(f"environment: {name} is a fact or column of its own here; it has no place")
    places = Places(Path(texts["proc"]), Path(texts["pods"]), environment)
    node = texts.get("node") or platform.node()
    library = Nvml(_LIBRARY.load)
    targets = Targets(
        names=(node,),
        shown=f"nvml of {node}",
        permission="/dev/nvidiactl, /proc of the processes on GPUs",
        look=lambda name: _values(name, library.look(settings.clock()), places),
        read=partial(_read, pool=texts.get("pool", settings.name)),
    )
    return PolledCollector(settings, targets, keeping_of(settings, texts))


def _values(node: str, seen: tuple[Seen, ...], places: Places) -> Mapping[str, str]:
    """Return what was seen as values by series: who held each device, and how far it was used."""
    holders = {pid: holder_of(pid, places) for one in seen for pid in one.processes}
    if holders and all(holder is None for holder in holders.values()):
        holders = dict.fromkeys(holders, UNKNOWN)  # none of them is there: they are of another namespace of processes
    found: dict[str, str] = {}
    for one in seen:
        held = [holder for holder in (holders[pid] for pid in one.processes) if holder]
        for holder in held or [{}]:
            found[_series(one, node, HELD, holder)] = ""
            found |= {_series(one, node, metric, holder): str(percent) for metric, percent in one.percents.items()}
    return found


def _series(seen: Seen, node: str, metric: str, holder: Holder) -> str:
    device = seen.device
    named = [metric, device.uuid, device.instance, device.profile, node, seen.model, holder]
    return json.dumps(named, ensure_ascii=False, sort_keys=True)


def _read(seen: BySlot, *, pool: str) -> Iterator[Series]:
    for name, values in seen.items():
        metric, uuid, instance, profile, node, model, holder = json.loads(name)
        about = {"node": node, "gpu_model": model, "profile": profile}
        yield Series(
            metric,
            Device(uuid, instance, profile),
            pool,
            tuple((key, value) for key, value in about.items() if value),
            tuple(holder.items()),
            {slot: Decimal(value) if value else None for slot, value in values.items()},
        )


TYPE = CollectorType(
    name="nvml",
    table="usage",
    summary="GPU utilisation and GPU hours of this host by NVML, with the pods, jobs and users of its processes.",
    options=_OPTIONS,
    build=_build,
)
