# ruff: noqa: N802 -- the library's own names
"""A library of NVIDIA's driver made of Python: it stands where ctypes loads libnvidia-ml.so.1, below pynvml.

What pynvml hands over are ctypes values: buffers, pointers to results, and handles, in which this library puts numbers.
"""

import ctypes
from dataclasses import dataclass, field
from typing import Any

import pynvml

SUCCESS, NOT_SUPPORTED, NOT_FOUND, TOO_SMALL = 0, 3, 6, 7


@dataclass
class MadeUpInstance:
    """A MIG instance; `mean` is what GPM tells of its SMs, in percent."""

    number: int
    name: str
    mean: float = 0.0
    processes: list[int] = field(default_factory=list)


@dataclass
class MadeUpGpu:
    """A GPU. `utilization` None is not supported; `mean` None is a GPU without GPM."""

    uuid: str
    name: str
    utilization: int | None = 0
    mean: float | None = None
    processes: list[int] = field(default_factory=list)
    instances: list[MadeUpInstance] = field(default_factory=list)
    error: int = SUCCESS


class MadeUpNvml:
    """The functions of the library that are asked; one that it lacks is not found, as of an old driver."""

    def __init__(self, gpus: list[MadeUpGpu]) -> None:
        self.gpus = gpus
        self.error = SUCCESS
        self.opened = self.samples = 0
        self._sampled: dict[int, MadeUpGpu | MadeUpInstance] = {}

    def nvmlInitWithFlags(self, _flags: int) -> int:
        self.opened += self.error == SUCCESS
        return self.error

    def nvmlShutdown(self) -> int:
        self.opened -= 1
        return SUCCESS

    def nvmlErrorString(self, number: Any) -> bytes:
        return f"error {getattr(number, 'value', number)}".encode()

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self.gpus)
        return self.error

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:
        _put(handle, 100 * (index.value + 1))
        return self.gpus[index.value].error

    def nvmlDeviceGetUUID(self, handle: Any, text: Any, _size: Any) -> int:
        text.value = self._gpu(handle).uuid.encode()
        return SUCCESS

    def nvmlDeviceGetName(self, handle: Any, text: Any, _size: Any) -> int:
        text.value = self._found(handle).name.encode()
        return SUCCESS

    def nvmlDeviceGetUtilizationRates(self, handle: Any, rates: Any) -> int:
        gpu = self._gpu(handle)
        if gpu.utilization is None or gpu.instances:
            return NOT_SUPPORTED
        rates._obj.gpu = gpu.utilization
        return SUCCESS

    def nvmlDeviceGetMigMode(self, handle: Any, current: Any, pending: Any) -> int:
        current._obj.value = pending._obj.value = int(bool(self._gpu(handle).instances))
        return SUCCESS

    def nvmlDeviceGetMaxMigDeviceCount(self, _handle: Any, count: Any) -> int:
        count._obj.value = 7
        return SUCCESS

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, index: Any, instance: Any) -> int:
        place = index.value // 2  # with holes between them
        if index.value % 2 or place >= len(self._gpu(handle).instances):
            return NOT_FOUND
        _put(instance, _number(handle) + place + 1)
        return SUCCESS

    def nvmlDeviceGetGpuInstanceId(self, handle: Any, number: Any) -> int:
        number._obj.value = self._found(handle).number
        return SUCCESS

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Any, count: Any, processes: Any) -> int:
        found = self._found(handle).processes
        fits = count._obj.value >= len(found)
        count._obj.value = len(found)
        if not fits:
            return TOO_SMALL
        for place, pid in enumerate(found):
            processes[place].pid = pid
        return SUCCESS

    def nvmlGpmQueryDeviceSupport(self, handle: Any, support: Any) -> int:
        support._obj.isSupportedDevice = int(self._gpu(handle).mean is not None)
        return SUCCESS

    def nvmlGpmSampleAlloc(self, sample: Any) -> int:
        self.samples += 1
        _put(sample, 1000 + len(self._sampled))
        return SUCCESS

    def nvmlGpmSampleFree(self, _sample: Any) -> int:
        self.samples -= 1
        return SUCCESS

    def nvmlGpmSampleGet(self, handle: Any, sample: Any) -> int:
        self._sampled[_number(sample)] = self._gpu(handle)
        return SUCCESS

    def nvmlGpmMigSampleGet(self, handle: Any, number: int, sample: Any) -> int:
        [self._sampled[_number(sample)]] = [one for one in self._gpu(handle).instances if one.number == number]
        return SUCCESS

    def nvmlGpmMetricsGet(self, asked: Any) -> int:
        told = asked._obj
        assert self._sampled[_number(told.sample1)] is self._sampled[_number(told.sample2)]
        for place in range(told.numMetrics):
            is_of_sms = told.metrics[place].metricId == pynvml.NVML_GPM_METRIC_SM_UTIL
            told.metrics[place].nvmlReturn = SUCCESS
            told.metrics[place].value = self._sampled[_number(told.sample2)].mean if is_of_sms else 100.0
        return SUCCESS

    def _gpu(self, handle: Any) -> MadeUpGpu:
        return self.gpus[_number(handle) // 100 - 1]

    def _found(self, handle: Any) -> Any:
        place = _number(handle) % 100
        return self._gpu(handle).instances[place - 1] if place else self._gpu(handle)


def _put(reference: Any, number: int) -> None:
    ctypes.cast(reference, ctypes.POINTER(ctypes.c_void_p))[0] = number


def _number(handle: Any) -> int:
    found = ctypes.cast(handle, ctypes.c_void_p).value
    assert found is not None
    return found
