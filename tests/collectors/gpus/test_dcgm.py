"""GPU hours of exporters that are scraped directly: looks by the clock, and what becomes of them after the hour."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from recorded_api import Answer, cut, failing

from collectors.base import CollectError, Sampling, Window
from collectors.gpus.dcgm import TYPE
from collectors.gpus.samples import Look, append, read_hours

GOLDEN = Path(__file__).parents[1] / "golden" / "dcgm"
EIGHT = datetime(2026, 11, 19, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEP = timedelta(minutes=10)
UTIL = "DCGM_FI_DEV_GPU_UTIL"


def exposition(*labels_and_values: str, metric: str = UTIL) -> Answer:
    lines = [f"{metric}{{{one.rpartition(' ')[0]}}} {one.rpartition(' ')[2]}" for one in labels_and_values]
    return Answer("\n".join([f"# TYPE {metric} gauge", *lines, ""]))


@dataclass
class Exporters:
    """A source and its clock: `watch` looks at every slot of a time, `tell` reads what there is then."""

    api: object
    collecting: object
    now: datetime = EIGHT
    options: dict[str, object] = field(default_factory=dict)

    def build(self, **options: object):
        given = {"url": f"{self.api.url}/metrics", "step": "10m", **self.options, **options}
        return self.collecting.build(TYPE, lambda: self.now, **given)

    def watch(self, start: datetime, end: datetime, **options: object) -> None:
        self.now = start
        while self.now < end:
            with suppress(CollectError):
                self.build(**options).sample()
            self.now += STEP

    def tell(self, now: datetime, window: Window | None = None, **options: object):
        self.now = now
        collector = self.build(**options)
        batches = list(collector.collect(window))
        return pa.Table.from_batches(batches).to_pylist() if batches else [], collector.reading()


@pytest.fixture
def exporters(api, collecting) -> Exporters:
    return Exporters(api, collecting)


def measured(rows, gpu: str) -> dict[int, dict[str, Decimal]]:
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        if dict(row["facts"])["gpu"] == gpu:
            found[row["hour"].hour][row["metric"]] = row["quantity"].normalize()
    return found


def test_recorded_exporters_give_their_golden_table(api, exporters, golden: Callable, collecting) -> None:
    for node in ("node-0", "node-1"):
        api.on(f"/{node}/metrics", Answer((GOLDEN / f"{node}.prom").read_text()))
    urls = [f"{api.url}/{node}/metrics" for node in ("node-0", "node-1")]
    exporters.watch(EIGHT, EIGHT + HOUR, url=urls)
    collected = collecting.read(TYPE, None, EIGHT + HOUR, url=urls, step="10m", pool="gpu-prod")
    golden(GOLDEN / "table.json", collected, replacing=(api.url, "${API}"))


def test_each_time_slot_is_looked_at_once_and_an_hour_is_told_when_it_is_over(api, exporters) -> None:
    api.on("/metrics", exposition('UUID="GPU-1",pod="a",namespace="n" 50'))
    collector = exporters.build()
    assert isinstance(collector, Sampling)
    for minute in range(0, 60, 2):
        exporters.now = EIGHT + timedelta(minutes=minute)
        collector.sample()
    assert len(api.requests) == 6
    assert exporters.tell(EIGHT + timedelta(minutes=59))[0] == []
    rows, reading = exporters.tell(EIGHT + HOUR)
    assert measured(rows, "GPU-1")[8] == {
        "gpu.capacity_hours": 1,
        "gpu.hours": 1,
        "gpu.busy_hours": 1,
        "gpu.low_hours": 0,
        "gpu.utilization": 50,
        "gpu.samples": 1,
    }
    assert reading.coverage == (Window(EIGHT, EIGHT + HOUR),)


def test_a_clock_that_is_set_back_counts_no_time_twice(api, exporters) -> None:
    api.on("/metrics", exposition('UUID="GPU-1",pod="a",namespace="n" 50'))
    exporters.watch(EIGHT, EIGHT + HOUR / 2)
    exporters.watch(EIGHT + HOUR / 6, EIGHT + HOUR)
    rows, reading = exporters.tell(EIGHT + HOUR)
    assert measured(rows, "GPU-1")[8]["gpu.hours"] == measured(rows, "GPU-1")[8]["gpu.samples"] == 1
    assert reading.coverage == (Window(EIGHT, EIGHT + HOUR),)


def test_what_was_seen_outlives_the_process_and_a_gap_is_no_zero(api, exporters) -> None:
    api.on("/metrics", exposition('UUID="GPU-1" 50'))
    exporters.watch(EIGHT, EIGHT + HOUR / 2)
    api.misbehave(*[failing(503)] * 12)
    exporters.watch(EIGHT + HOUR / 2, EIGHT + 2.5 * HOUR)
    exporters.watch(EIGHT + 2.5 * HOUR, EIGHT + 3 * HOUR)
    rows, reading = exporters.tell(EIGHT + 3 * HOUR)
    assert {hour: found["gpu.capacity_hours"] for hour, found in measured(rows, "GPU-1").items()} == {
        8: Decimal("0.5"),
        10: Decimal("0.5"),
    }
    assert reading.coverage == (Window(EIGHT, EIGHT + HOUR), Window(EIGHT + 2 * HOUR, EIGHT + 3 * HOUR))


def test_a_line_that_was_torn_is_cut_and_the_day_goes_on(api, exporters, tmp_path: Path) -> None:
    api.on("/metrics", exposition('UUID="GPU-1" 50'))
    exporters.watch(EIGHT, EIGHT + HOUR / 2)
    [log] = (tmp_path / "data" / "gpus" / "source").glob("samples-*")
    log.write_bytes(log.read_bytes()[:-5])
    exporters.watch(EIGHT + HOUR / 2, EIGHT + HOUR)
    rows, _ = exporters.tell(EIGHT + HOUR)
    assert measured(rows, "GPU-1")[8]["gpu.capacity_hours"] == Decimal(5 * 10**12 // 6).scaleb(-12)
    log.write_bytes(b"{}\n" + log.read_bytes())
    with pytest.raises(CollectError, match=r"samples-2026-11-19.ndjson is damaged: .*move it away") as refused:
        exporters.tell(EIGHT + HOUR)
    assert refused.value.permanent


def test_a_holder_that_changes_within_the_hour_has_the_slots_it_held(api, exporters) -> None:
    api.on(
        "/metrics",
        *[exposition('UUID="GPU-1",pod="a",namespace="n" 50')] * 2,
        exposition('UUID="GPU-1",pod="b",namespace="n" 0'),
    )
    exporters.watch(EIGHT, EIGHT + HOUR)
    rows, _ = exporters.tell(EIGHT + HOUR)
    held = {dict(row["facts"])["pod"]: row["quantity"] for row in rows if row["metric"] == "gpu.hours"}
    assert held == {"a": Decimal("0.333333333333"), "b": Decimal("0.666666666666")}


def test_metrics_that_a_prometheus_passes_on_tell_the_exported_pod_and_no_stale_values(api, exporters) -> None:
    own = 'instance="10.0.0.1:9400",job="dcgm",pod="exporter-x"'
    stale, fresh = (int((EIGHT + timedelta(minutes=minutes)).timestamp() * 1000) for minutes in (-5, 0))
    text = exposition(
        f'UUID="GPU-1",exported_pod="a",exported_namespace="n",{own} 50',
        f'UUID="GPU-2",{own} 0',
        f'UUID="GPU-3",{own} 90\u00a0{stale}',
        f'UUID="GPU-4",{own} 90\u00a0{fresh}',
    ).body.replace("\u00a0", " ")
    api.on("/metrics", Answer(text))
    exporters.watch(EIGHT, EIGHT + STEP)
    rows, _ = exporters.tell(EIGHT + HOUR)
    held = {dict(row["facts"])["gpu"]: dict(row["facts"]).get("pod") for row in rows if row["metric"] == "gpu.hours"}
    assert held == {"GPU-1": "a", "GPU-2": None, "GPU-4": None}


def test_an_exporter_that_is_away_spoils_no_other_and_is_named(api, exporters) -> None:
    api.on("/a/metrics", exposition('UUID="GPU-a" 50'))
    api.on("/b/metrics", failing(500))
    urls = [f"{api.url}/{name}/metrics" for name in "ab"]
    with pytest.raises(CollectError, match=r"/b/metrics answered 500") as failed:
        exporters.build(url=urls).sample()
    assert not failed.value.permanent
    rows, _ = exporters.tell(EIGHT + HOUR, url=urls)
    assert {dict(row["facts"])["gpu"] for row in rows} == {"GPU-a"}
    needs = exporters.build(url=urls).probe()
    assert [need.problem is None for need in needs] == [True, False]


def test_a_reading_fails_where_nothing_can_be_seen_and_nothing_was_in_the_newest_hour(api, exporters) -> None:
    api.on("/metrics", exposition('UUID="GPU-1" 50'))
    exporters.watch(EIGHT, EIGHT + HOUR)
    api.misbehave(*[failing(503)] * 2)
    assert exporters.tell(EIGHT + HOUR)[0], "what was seen is told although the exporter is away now"
    with pytest.raises(CollectError, match="answered 503"):
        exporters.tell(EIGHT + 2 * HOUR)


def test_the_first_day_of_a_log_counts_only_where_nothing_was_known_before(api, exporters) -> None:
    api.on("/metrics", exposition('UUID="GPU-1" 50'))
    exporters.watch(EIGHT, EIGHT + HOUR)
    midnight = EIGHT - timedelta(hours=8)
    rows, reading = exporters.tell(EIGHT + HOUR, Window(midnight, EIGHT + HOUR))
    assert (rows, reading.coverage) == ([], ()), "another daemon told of this day, and its hours must stay"
    assert exporters.tell(EIGHT + HOUR)[0], "a first reading"
    assert exporters.tell(EIGHT + HOUR, Window(midnight, EIGHT + HOUR))[0], "and those after it"


def test_what_is_past_its_keeping_is_deleted(tmp_path: Path) -> None:
    for days in range(4):
        append(tmp_path / "log", [Look(EIGHT + days * DAY, "a", {"one": str(days)})], STEP, 2 * DAY)
    assert [path.name for path in sorted((tmp_path / "log").glob("samples-*"))] == [
        f"samples-2026-11-{day}.ndjson" for day in (20, 21, 22)
    ]
    assert list(read_hours(tmp_path / "log", Window(EIGHT, EIGHT + 4 * DAY), STEP)) == [
        (Window(EIGHT + days * DAY, EIGHT + days * DAY + HOUR), {"one": {0: str(days)}}) for days in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("answer", "message", "permanent"),
    [
        (Answer(f'{UTIL}{{UUID="GPU-1"}} 50'), "end in the middle of a line", False),
        (Answer(f'{UTIL}{{UUID="GPU-1" 50\n'), "is no exposition of metrics", True),
        (Answer(b"\xff\n"), "is no UTF-8", True),
        (Answer("up 1\n"), "shows no utilisation of any GPU", False),
        (cut("a" * 100), "cannot be reached", False),
        (Answer("gone\n", 404), "answered 404: gone", True),
    ],
)
def test_an_answer_that_is_no_exposition_is_told(answer: Answer, message: str, permanent: bool, api, exporters) -> None:
    api.on("/metrics", answer)
    with pytest.raises(CollectError, match=message) as refused:
        exporters.build(password="s3cret", username="u").sample()
    assert refused.value.permanent == permanent
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "url is missing"),
        ({"url": "node-0:9400"}, "url: 'node-0:9400' is no address"),
        ({"url": ["http://a/m", "http://a/m"]}, "an exporter is named twice"),
        ({"url": "http://a/m", "keep": "36h"}, "keep: 36h is not a whole number of days"),
        ({"url": "http://a/m", "step": "7m"}, "an hour is no whole number of 7m"),
    ],
)
def test_a_wrong_option_is_told(options, message: str, collecting) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, **options)
