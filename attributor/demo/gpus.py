"""The shared GPU cluster: four nodes of eight, who holds which GPU in which hour, and how hard it computes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from attributor.demo.curves import Integers, Numbers
from attributor.demo.focus import decimals, picked
from attributor.demo.incidents import IDLE_NODE, IDLE_TEAM, Timetable
from attributor.demo.plan import DemoPlan

POOL = "gpu-prod"
GPU_MODEL = "NVIDIA H100 80GB HBM3"
GPUS_A_NODE = 8
UTILIZATION = pa.decimal128(12, 4)
_ONE = 10_000
_SHAPE = 0.5 + 0.5 * np.sin((np.arange(24) - 8.0) / 24.0 * 2.0 * np.pi)
_PAUSE_EVERY = 37
_LITTLE = 0.4
"""Below it a GPU that computes does so but little: what collectors take for `gpu.low_hours` too."""


@dataclass(frozen=True)
class Holding:
    """A run of GPUs of one node and who holds them: always, or in office hours only, when they are free otherwise.

    `namespace` is what stands in the usage of a team that the cluster knows only by its namespace.
    `busy` is the usual utilisation, `swing` how far it follows the time of day.
    """

    node: str
    gpus: range
    team: str
    namespace: str
    busy: float
    swing: float = 0.0
    office_hours: bool = False


HOLDINGS = (
    Holding("gpu-01", range(4), "search", "search-ranking", 0.42, 0.30),
    Holding("gpu-01", range(4, 8), "assistant", "assistant-serving", 0.46, 0.34),
    Holding("gpu-02", range(8), "research", "research-pretraining", 0.88),
    Holding("gpu-03", range(2), "research", "research-evals", 0.71),
    Holding("gpu-03", range(2, 4), "speech", "speech-asr", 0.52, 0.22),
    Holding("gpu-03", range(4, 6), "vision", "vision-serving", 0.49, 0.20),
    Holding("gpu-03", range(6, 8), "data", "data-notebooks", 0.38, office_hours=True),
    Holding(IDLE_NODE, range(8), IDLE_TEAM, "vision-training", 0.83),
)
NAMESPACE_ONLY = ("search-ranking", "data-notebooks")
NODES = ("gpu-01", "gpu-02", "gpu-03", IDLE_NODE)


@dataclass(frozen=True)
class GpuHours:
    """By (GPU, hour): `held` 0 or 1; `utilization`, `busy`, `low`, `samples` in ten-thousandths; `holding` by GPU."""

    held: Integers
    utilization: Integers
    busy: Integers
    low: Integers
    samples: Integers
    holding: tuple[Holding, ...]
    names: tuple[str, ...]


def gpu_hours(plan: DemoPlan, when: Timetable, chance: np.random.Generator) -> GpuHours:
    """Return what the cluster did in every hour of the plan."""
    holding = tuple(each for each in HOLDINGS for _ in each.gpus)
    names = tuple(_uuid(each.node, gpu) for each in HOLDINGS for gpu in each.gpus)
    hours = np.arange(plan.hours)
    held = np.stack([_held(each, plan, hours) for each in holding])
    level = np.stack([_level(each, hours, index) for index, each in enumerate(holding)])
    level = np.clip(level * np.exp(0.06 * chance.standard_normal(level.shape)), 0.0, 0.99)
    for index, each in enumerate(holding):
        if each.node == IDLE_NODE:
            level[index, when.idle_hour :] = chance.uniform(0.0, 0.03, plan.hours - when.idle_hour)
    utilization = np.rint(level * _ONE).astype(np.int64) * held
    samples = np.where(chance.random(level.shape) < 0.02, 9_833, _ONE) * held
    busy = np.where(level < 0.1, 0, np.minimum(_ONE, np.rint(level * 2.2 * _ONE))).astype(np.int64) * held
    low = np.where(level < _LITTLE, busy, 0)
    return GpuHours(held, utilization, busy, low, samples, holding, names)


def gpu_usage(hours: GpuHours) -> pa.Table:
    """Return the usage rows: capacity by node and hour, and five metrics by held GPU and hour, ordered by hour.

    Utilisation is in percent, samples the share present of those expected, 0 to 1.
    """
    hour, gpu = np.nonzero(hours.held.T)
    tables = [_capacity(hours.held.shape[1])]
    for metric, values in (
        ("gpu.hours", hours.held * _ONE),
        ("gpu.busy_hours", hours.busy),
        ("gpu.low_hours", hours.low),
        ("gpu.utilization", hours.utilization * 100),
        ("gpu.samples", hours.samples),
    ):
        tables.append(_metric(metric, hours, hour, gpu, values[gpu, hour]))
    table = pa.concat_tables(tables)
    return table.sort_by([("hour", "ascending"), ("metric", "ascending"), ("gpu", "ascending"), ("node", "ascending")])


def _metric(metric: str, hours: GpuHours, hour: Integers, gpu: Integers, values: Integers) -> pa.Table:
    tagged = [None if each.namespace in NAMESPACE_ONLY else each.team for each in hours.holding]
    return pa.table(
        {
            "hour": pa.array(hour),
            "metric": pa.repeat(pa.scalar(metric), hour.size),
            "pool": pa.repeat(pa.scalar(POOL), hour.size),
            "quantity": decimals(values, UTILIZATION),
            "gpu": picked(hours.names, gpu, pa.string()),
            "node": picked([each.node for each in hours.holding], gpu, pa.string()),
            "team": picked(tagged, gpu, pa.string()),
            "namespace": picked([each.namespace for each in hours.holding], gpu, pa.string()),
            "gpu_model": pa.repeat(pa.scalar(GPU_MODEL), hour.size),
        }
    )


def _capacity(hours: int) -> pa.Table:
    hour = np.repeat(np.arange(hours), len(NODES))
    return pa.table(
        {
            "hour": pa.array(hour),
            "metric": pa.repeat(pa.scalar("gpu.capacity_hours"), hour.size),
            "pool": pa.repeat(pa.scalar(POOL), hour.size),
            "quantity": decimals(np.full(hour.size, GPUS_A_NODE * _ONE), UTILIZATION),
            "gpu": pa.nulls(hour.size, pa.string()),
            "node": picked(NODES, np.tile(np.arange(len(NODES)), hours), pa.string()),
            "team": pa.nulls(hour.size, pa.string()),
            "namespace": pa.nulls(hour.size, pa.string()),
            "gpu_model": pa.repeat(pa.scalar(GPU_MODEL), hour.size),
        }
    )


def _held(each: Holding, plan: DemoPlan, hours: Integers) -> Integers:
    if not each.office_hours:
        return np.ones(hours.size, dtype=np.int64)
    working = (hours % 24 >= 8) & (hours % 24 < 19) & ((plan.first.weekday() + hours // 24) % 7 < 5)
    return working.astype(np.int64)


def _level(each: Holding, hours: Integers, gpu: int) -> Numbers:
    """Follow the time of day; a training GPU pauses for a single hour between two runs now and then."""
    level: Numbers = each.busy + each.swing * (_SHAPE[hours % 24] - 0.5)
    if each.swing == 0.0 and not each.office_hours:
        level = np.where((hours + gpu * 5) % _PAUSE_EVERY == 0, 0.01, level)
    return level


def _uuid(node: str, gpu: int) -> str:
    return f"GPU-{node[-2:]}{gpu:02d}c0de-7a1e-4b6d-9f20-{node[-2:]}{gpu:010d}"
