"""The collector type `cloudwatch`: GPU hours and utilisation from the CloudWatch agent's nvidia_smi metrics."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from collectors.api.windowed import Answered, WindowedCollector, WindowedSource, over_there
from collectors.api.windows import HOUR, pieces
from collectors.aws.asking import Asking, opened_asking
from collectors.aws.client import AWS_OPTIONS, access_of, client_of
from collectors.aws.cloudwatch import Metric, list_metrics, values_of
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.gpus.hours import Limits
from collectors.gpus.options import LIMIT_OPTIONS, limits_of, step_of
from collectors.gpus.rows import answered_hour
from collectors.gpus.series import Device, Series
from collectors.options import duration, option_list, option_texts

_METRIC = "nvidia_smi_utilization_gpu"
_PIECE = 3 * HOUR
"""500 series of 180 minutes: under the 100,800 points of one answer."""

_HIGHEST = 110
"""Above this a value is a blank of the driver and no measurement."""

_MINUTE = timedelta(minutes=1)
_SETTLES = 5 * _MINUTE
_OPTIONS = (
    Option("namespace", "The namespace that the agents write to.", "Training/GPU", default="CWAgent"),
    Option("step", "The time slot; no shorter than the agents' interval.", "5m", kind="duration", default="1m"),
    Option(
        "backfill", "How far back the first reading goes; minutes are kept 15 days.", "14d", "duration", default="1d"
    ),
    Option("restates", "How late samples may come.", "6h", kind="duration", default="1h"),
    *LIMIT_OPTIONS,
    Option("facts", "Dimensions of the agents to carry along as facts.", "[AutoScalingGroupName]", kind="list"),
    *AWS_OPTIONS,
)


@dataclass(frozen=True)
class _Agents:
    """What is asked for, and how dimensions become facts."""

    connect: Callable[[], Any]
    namespace: str
    pool: str
    facts: tuple[str, ...]
    step: timedelta
    limits: Limits

    def fetch(self, asking: Asking, piece: Window) -> Iterator[Answered]:
        """Yield each hour with a sample of any GPU; an hour without one is a gap."""
        client = self.connect()
        metrics = self._gpus(list_metrics(client, asking, self.namespace, _METRIC))
        values = values_of(client, asking, list(metrics), piece, self.step, "Average")
        for hour in pieces(piece, HOUR):
            series = [self._series(metrics[metric], bins, hour) for metric, bins in values.items()]
            yield from answered_hour(hour, series, self.step, self.limits)

    def _gpus(self, metrics: list[Metric]) -> Mapping[Metric, Mapping[str, str]]:
        """Return each series of a GPU with what is known of the GPU.

        Agents may publish a GPU under several sets of dimensions: all tell of the fullest one, so that they count once.
        Sets without the GPU's index or its machine are aggregates and are left out.
        """
        by_gpu: dict[tuple[str, str], list[Metric]] = defaultdict(list)
        for metric in metrics:
            told = dict(metric.dimensions)
            machine = told.get("InstanceId") or told.get("host")
            if machine and "index" in told:
                by_gpu[machine, told["index"]].append(metric)
        fullest = {
            gpu: max(sets, key=lambda one: (len(one.dimensions), one.dimensions)) for gpu, sets in by_gpu.items()
        }
        return {metric: dict(fullest[gpu].dimensions) for gpu, sets in by_gpu.items() for metric in sets}

    def _series(self, told: Mapping[str, str], bins: Mapping[Any, Decimal], hour: Window) -> Series:
        machine = told.get("InstanceId") or told["host"]
        percents = {
            (at - hour.start) // self.step: min(value, Decimal(100))
            for at, value in bins.items()
            if hour.start <= at < hour.end and 0 <= value <= _HIGHEST
        }
        model = (("gpu_model", told["name"]),) if told.get("name") else ()
        carried = tuple((name, told[name]) for name in self.facts if told.get(name))
        return Series(
            _METRIC,
            Device(f"{machine}/{told['index']}"),
            self.pool,
            (("node", machine), *model),
            (*carried, ("instance", machine)),
            percents,
        )


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    access = access_of(texts)
    step = step_of(texts["step"])
    if step % _MINUTE:
        raise ValueError(f"step: {texts['step']} is no whole number of minutes; write for example 1m or 5m")
    agents = _Agents(
        lambda: client_of("cloudwatch", access),
        texts["namespace"],
        texts.get("pool", settings.name),
        option_list(settings, "facts"),
        step,
        limits_of(texts),
    )
    source = WindowedSource(
        settings,
        "usage",
        f"cloudwatch {texts['namespace']}",
        opened_asking,
        over_there(agents.fetch, Asking.now, _SETTLES),
        ("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"),
        unit=HOUR,
        piece=_PIECE,
        backfill=duration("backfill", texts["backfill"]),
        restates=duration("restates", texts["restates"]),
        settles=_SETTLES,
    )
    return WindowedCollector(source)


TYPE = CollectorType(
    name="cloudwatch",
    table="usage",
    summary="GPU utilisation and GPU hours from the CloudWatch agent's nvidia_smi metrics.",
    options=_OPTIONS,
    build=_build,
)
