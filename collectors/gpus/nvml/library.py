"""NVML, the library of NVIDIA's driver: the GPUs of this host, how they are used, and by which processes."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from threading import Lock
from typing import Any

from collectors.base import CollectError
from collectors.gpus.series import NVML_GPU_UTIL, NVML_GRAPHICS_UTIL, NVML_SM_UTIL, Device

_OLDEST = timedelta(minutes=10)
"""Beyond this a mean since the last look tells nothing of the present."""

_profile = re.compile(r"MIG (?:\d+c\.)?(\d+g\.\S+)").search
Key = tuple[str, int | None]
"""A GPU's UUID, and the number of a GPU instance of it."""


@dataclass(frozen=True)
class Seen:
    """A device at one moment: utilisation in percent by metric, where it can be told, and what computes on it."""

    device: Device
    model: str
    percents: Mapping[str, Decimal]
    processes: tuple[int, ...]


class Nvml:
    """The library, opened when it is first asked and kept open: utilisation of SMs is a mean since the look before."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._library: Any = None
        self._samples: dict[Key, tuple[datetime, Any]] = {}
        self._lock = Lock()

    def look(self, now: datetime) -> tuple[Seen, ...]:
        """Return every GPU, or its MIG instances where it has such; raise CollectError where there is none to see.

        A GPU that cannot be asked, being lost or reset, is left out.
        """
        with self._lock:
            library = self._opened()
            with _failures(library, self._close):
                count = library.nvmlDeviceGetCount()
            seen: list[Seen] = []
            failures: list[Exception] = []
            for index in range(count):
                try:
                    seen += self._devices(library, library.nvmlDeviceGetHandleByIndex(index), now)
                except library.NVMLError as error:
                    failures.append(error)
            if not seen:
                self._close()
                why = "; ".join(map(str, failures)) or "the driver knows none"
                raise CollectError(f"no GPU of this host can be seen: {why}", permanent=False)
            return tuple(seen)

    def _opened(self) -> Any:
        if self._library is None:
            library = self._load()
            with _failures(library, lambda: None):
                library.nvmlInit()
            self._library = library
        return self._library

    def _close(self) -> None:
        """Let go of the library, so that the next look begins anew."""
        library, self._library = self._library, None
        for _, sample in self._samples.values():
            _tried(library, partial(library.nvmlGpmSampleFree, sample))
        self._samples = {}
        _tried(library, library.nvmlShutdown)

    def _devices(self, library: Any, handle: Any, now: datetime) -> Iterator[Seen]:
        uuid, model = library.nvmlDeviceGetUUID(handle), library.nvmlDeviceGetName(handle)
        if not _has_instances(library, handle):
            rates = _tried(library, partial(library.nvmlDeviceGetUtilizationRates, handle))
            percents = {} if rates is None else {NVML_GPU_UTIL: Decimal(rates.gpu)}
            percents |= self._means(library, handle, (uuid, None), now)
            yield Seen(Device(uuid), model, percents, _processes(library, handle))
            return
        for instance in _instances(library, handle):
            number = library.nvmlDeviceGetGpuInstanceId(instance)
            found = _profile(library.nvmlDeviceGetName(instance))
            device = Device(uuid, str(number), found[1] if found else "")
            percents = self._means(library, handle, (uuid, number), now)
            yield Seen(device, model, percents, _processes(library, instance))

    def _means(self, library: Any, handle: Any, key: Key, now: datetime) -> dict[str, Decimal]:
        """Return the mean utilisation since the look before, where the GPU counts it (Hopper and newer)."""
        support = _tried(library, partial(library.nvmlGpmQueryDeviceSupport, handle))
        if support is None or not support.isSupportedDevice:
            return {}
        sample = _tried(library, partial(_sampled, library, handle, key[1]))
        if sample is None:
            return {}
        before = self._samples.get(key)
        self._samples[key] = now, sample
        if before is None:
            return {}
        means = _compared(library, before[1], sample) if now - before[0] <= _OLDEST else {}
        _tried(library, partial(library.nvmlGpmSampleFree, before[1]))
        return means


def _has_instances(library: Any, handle: Any) -> bool:
    mode = _tried(library, partial(library.nvmlDeviceGetMigMode, handle))
    return mode is not None and mode[0] == library.NVML_DEVICE_MIG_ENABLE


def _instances(library: Any, handle: Any) -> Iterator[Any]:
    """Yield the MIG instances of a GPU; their numbers have holes."""
    for index in range(library.nvmlDeviceGetMaxMigDeviceCount(handle)):
        instance = _tried(library, partial(library.nvmlDeviceGetMigDeviceHandleByIndex, handle, index))
        if instance is not None:
            yield instance


def _processes(library: Any, handle: Any) -> tuple[int, ...]:
    try:
        found = library.nvmlDeviceGetComputeRunningProcesses_v3(handle)
    except library.NVMLError_FunctionNotFound:  # a driver from before 510
        found = library.nvmlDeviceGetComputeRunningProcesses_v2(handle)
    return tuple(sorted({process.pid for process in found}))


def _sampled(library: Any, handle: Any, instance: int | None) -> Any:
    sample = library.nvmlGpmSampleAlloc()
    try:
        if instance is None:
            return library.nvmlGpmSampleGet(handle, sample)
        return library.nvmlGpmMigSampleGet(handle, instance, sample)
    except library.NVMLError:
        library.nvmlGpmSampleFree(sample)
        raise


def _compared(library: Any, before: Any, now: Any) -> dict[str, Decimal]:
    wanted = {NVML_SM_UTIL: library.NVML_GPM_METRIC_SM_UTIL, NVML_GRAPHICS_UTIL: library.NVML_GPM_METRIC_GRAPHICS_UTIL}
    asked = library.c_nvmlGpmMetricsGet_t()
    asked.version, asked.numMetrics = library.NVML_GPM_METRICS_GET_VERSION, len(wanted)
    asked.sample1, asked.sample2 = before, now
    for number, metric in enumerate(wanted.values()):
        asked.metrics[number].metricId = metric
    if _tried(library, partial(library.nvmlGpmMetricsGet, asked)) is None:
        return {}
    found = zip(wanted, (asked.metrics[number] for number in range(len(wanted))), strict=True)
    return {name: Decimal(str(one.value)) for name, one in found if one.nvmlReturn == library.NVML_SUCCESS}


def _tried(library: Any, ask: Callable[[], Any]) -> Any:
    """Return an answer, or None where the library has none."""
    try:
        return ask()
    except library.NVMLError:
        return None


@contextmanager
def _failures(library: Any, close: Callable[[], None]) -> Iterator[None]:
    """Let go of the library where it cannot be used, and say what is wrong."""
    try:
        yield
    except library.NVMLError as error:
        close()
        raise _explained(library, error) from error


def _explained(library: Any, error: Exception) -> CollectError:
    if isinstance(error, library.NVMLError_LibraryNotFound):
        return CollectError(
            "there is no NVIDIA driver on this host: libnvidia-ml.so.1 cannot be loaded; install the driver, or start"
            " the container with the NVIDIA runtime and NVIDIA_DRIVER_CAPABILITIES=utility",
            permanent=True,
        )
    if isinstance(error, library.NVMLError_DriverNotLoaded):
        return CollectError("the NVIDIA driver of this host is not loaded: modprobe nvidia", permanent=False)
    return CollectError(f"NVML cannot be asked: {error}", permanent=False)
