"""The collector type `gcp-monitoring`: GPU hours, utilisation and memory of Google Cloud, from Cloud Monitoring."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windowed import Answered
from collectors.api.windows import HOUR, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.gcp.monitoring import (
    MONITORING_OPTIONS,
    SeriesQuery,
    TimeSeries,
    ask_series,
    checked_projects,
    monitoring_collector,
)
from collectors.gpus.gcp_series import MEMORY, UTILISATION, Kind, Reading, exporters, percents
from collectors.gpus.hours import Limits
from collectors.gpus.options import LIMIT_OPTIONS, labelling_of, limits_of, step_of
from collectors.gpus.rows import answered_hour, of_hour
from collectors.gpus.series import Labelling, Series
from collectors.options import option_list, option_texts

_MINUTE = timedelta(minutes=1)
_UNIT = 10**12
_OPTIONS = (
    Option("read", "Whose metrics: dcgm (Managed Prometheus), agent (Ops Agent), gke; all of them.", "[gke]", "list"),
    Option("step", "The time slot, whole minutes; no shorter than samples come.", "5m", "duration", default="1m"),
    Option("backfill", "How far back the first reading goes; six weeks are kept.", "14d", "duration", default="1d"),
    Option("restates", "How late samples may come.", "6h", kind="duration", default="1h"),
    *LIMIT_OPTIONS,
    Option("pool_label", "The label that names the pool, where `pool` does not.", "location", default="cluster"),
    Option("facts", "Labels of instances or pods (of dcgm: of the metric) as facts.", "[team]", kind="list"),
    *MONITORING_OPTIONS,
)


@dataclass(frozen=True)
class _Gpus:
    """What is asked for, and how it becomes usage."""

    projects: Sequence[str]
    kinds: Sequence[str]
    labelling: Labelling
    step: timedelta
    limits: Limits

    def fetch(self, session: Session, piece: Window) -> Iterator[Answered]:
        """Yield each hour with a sample of any GPU; an hour without one is a gap."""
        found = [
            (kind, self._asked(session, kind, self.step, piece)) for name in self.kinds for kind in UTILISATION[name]
        ]
        reading = Reading(self.labelling, exporters(one for _, series in found for one in series))
        used = [self._read(kind, one, piece.start, reading) for kind, series in found for one in series]
        memory = self._memory(session, piece, reading)
        for number, hour in enumerate(pieces(piece, HOUR)):
            series = of_hour([one for one in used if one is not None], number, self.step)
            for answered in answered_hour(hour, series, self.step, self.limits):
                yield replace(answered, rows=[*answered.rows, *memory.get(hour.start, ())])

    def _asked(self, session: Session, kind: Kind, slot: timedelta, piece: Window) -> list[TimeSeries]:
        own = [f"{kind.own_labels}.{name}" for name in self.labelling.facts]
        labels = list(dict.fromkeys([*kind.labels, *own]))
        query = SeriesQuery(kind.metric, slot, "ALIGN_MEAN", "REDUCE_MEAN", labels, kind.matching)
        return ask_series(session, self.projects, query, piece)

    def _read(self, kind: Kind, one: TimeSeries, start: datetime, reading: Reading) -> Series | None:
        series = kind.read(kind, one, reading)
        return None if series is None else replace(series, percents=percents(one, kind, start, self.step))

    def _memory(self, session: Session, piece: Window, reading: Reading) -> Mapping[datetime, list[Row]]:
        """Return how much of each GPU's memory was used, by the hour; of several metrics the first that has it."""
        held: dict[tuple[datetime, str], list[tuple[Kind, Series, Decimal]]] = defaultdict(list)
        for name in self.kinds:
            for kind in MEMORY[name]:
                for one in self._asked(session, kind, HOUR, piece):
                    series = kind.read(kind, one, reading)
                    if series is None:
                        continue
                    for hour, value in one.values.items():
                        if value >= 0:
                            held[hour, series.device.name].append((kind, series, value))
        rows: dict[datetime, list[Row]] = defaultdict(list)
        for (hour, _), told in sorted(held.items(), key=lambda item: item[0]):
            first = told[0][0]
            rows[hour] += [_memory_row(hour, kind, series, value) for kind, series, value in told if kind is first]
        return rows


def _memory_row(hour: datetime, kind: Kind, series: Series, value: Decimal) -> Row:
    gib = Decimal(Fraction(value) * Fraction(kind.per_unit) * _UNIT // 1).scaleb(-12)
    facts = {"gpu": series.device.name, **dict(series.about), "measured_by": kind.name, **dict(series.holder)}
    facts.pop("profile", None)
    return {"hour": hour, "metric": "gpu.memory_gib", "pool": series.pool, "quantity": gib, **facts}


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    step = step_of(texts["step"])
    if step % _MINUTE:
        raise ValueError(f"step: {texts['step']} is no whole number of minutes; write for example 1m or 5m")
    gpus = _Gpus(
        checked_projects(option_list(settings, "projects")),
        _kinds(option_list(settings, "read")),
        labelling_of(settings, texts),
        step,
        limits_of(texts),
    )
    return monitoring_collector(settings, texts, gpus.fetch, piece=6 * HOUR, settles=5 * _MINUTE)


def _kinds(read: tuple[str, ...]) -> tuple[str, ...]:
    for kind in read:
        if kind not in UTILISATION:
            raise ValueError(f"read: {kind!r} is not one of {', '.join(UTILISATION)}")
    return tuple(kind for kind in UTILISATION if kind in (read or tuple(UTILISATION)))


TYPE = CollectorType(
    name="gcp-monitoring",
    table="usage",
    summary="GPU hours, utilisation and memory of Google Cloud, from Cloud Monitoring.",
    options=_OPTIONS,
    build=_build,
)
