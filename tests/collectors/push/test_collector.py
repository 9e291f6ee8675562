import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from examples import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import CollectError, SourceSettings, Window
from collectors.push.collector import TYPE, PushCollector
from collectors.push.fields import UsageEvent
from collectors.push.hours import finished_sums, present_sums, sums_path
from collectors.push.log import EventLog
from collectors.push.options import log_settings, open_log
from collectors.push.segments import segments
from collectors.schema import USAGE

MakeEvent = Callable[..., UsageEvent]
OpenLog = Callable[..., EventLog]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def rows(source: PushCollector, window: Window | None = None) -> list[dict[str, Any]]:
    batches = list(source.collect(window))
    assert all(batch.schema == USAGE for batch in batches)
    return pa.Table.from_batches(batches, USAGE).to_pylist()


def quantities(source: PushCollector, window: Window | None = None) -> dict[tuple[datetime, str], Decimal]:
    return {(row["hour"], row["metric"]): row["quantity"] for row in rows(source, window)}


def test_events_become_one_row_an_hour_metric_pool_and_facts(
    open_log: OpenLog, source: PushCollector, event: MakeEvent
) -> None:
    log = open_log()
    log.append(
        [
            event("1", at(20, 10, 59), quantity="0.1"),
            event("2", at(20, 10, 1), quantity="0.2"),
            event("3", at(20, 11), quantity=5, facts={"team": "search", "model": "m"}),
            event("4", at(20, 11, 5), quantity=7, facts={"model": "m", "team": "search"}),
            event("5", at(20, 11), quantity=1, metric="requests", pool=None, facts={}),
        ]
    ).result(10)
    first, second, third = rows(source)
    assert first == {
        "hour": at(20, 10),
        "metric": "tokens.input",
        "pool": "gateway",
        "quantity": Decimal("0.3").quantize(Decimal("1e-12")),
        "facts": [("team", "search")],
        "x_Source": "gateway-usage",
        "x_Origin": "push: 2 events",
        "x_Day": date(2026, 11, 20),
    }
    assert (second["metric"], second["pool"], second["facts"], second["quantity"]) == ("requests", None, [], 1)
    assert (third["quantity"], third["facts"]) == (12, [("model", "m"), ("team", "search")])


def test_a_window_gives_every_day_it_touches_whole(open_log: OpenLog, source: PushCollector, event: MakeEvent) -> None:
    log = open_log(segment_bytes=9)
    for day, hour in ((18, 23), (19, 0), (19, 23), (20, 0), (20, 11)):
        log.append([event(f"{day}-{hour}", at(day, hour))]).result(10)
    log.append([event("late", at(19, 0, 30), quantity=10)]).result(10)
    assert len(segments(log.folder)) > 2
    found = quantities(source, Window(at(19, 5), at(19, 6)))
    assert found == {(at(19, 0), "tokens.input"): 11, (at(19, 23), "tokens.input"): 1}
    assert source.reading().coverage == (Window(at(19, 0), at(20, 0)),)
    assert len(quantities(source, Window(at(19, 0), at(20, 0)))) == 2
    assert len(quantities(source, Window(at(19, 0), at(20, 0, 1)))) == 4


def test_coverage_runs_from_the_first_event_to_the_hour_that_is_not_over(
    open_log: OpenLog, source: PushCollector, event: MakeEvent
) -> None:
    assert rows(source) == []
    assert source.reading().coverage == ()
    log = open_log()
    log.append([event("now", at(20, 12, 20))]).result(10)
    assert [row["hour"] for row in rows(source)] == [at(20, 12)]
    assert source.reading().coverage == ()
    log.append([event("before", at(20, 7, 20))]).result(10)
    assert len(rows(source)) == 2
    assert source.reading().coverage == (Window(at(20, 7), at(20, 12)),)
    assert [(Path(file.place).name, file.rows) for file in source.reading().files] == [("events-00000001.log", 2)]


def test_the_revision_changes_with_every_event_and_with_nothing_else(
    open_log: OpenLog, source: PushCollector, event: MakeEvent
) -> None:
    revisions = [source.revision()]
    log = open_log(segment_bytes=9)
    for number in range(5):
        log.append([event(f"{number}")]).result(10)
        revisions.append(source.revision())
    log.append([event("0")]).result(10)
    rows(source)
    assert source.revision() == revisions[-1]
    assert len(set(revisions)) == len(revisions)


@settings(deadline=None, max_examples=at_most(30))
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("ab"), st.integers(0, 10**24)), max_size=30))
def test_sums_are_exact_and_the_same_remembered_or_not(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    settings_ = SourceSettings("push", {"path": "events"}, folder, lambda: at(20, 12))
    log = open_log(settings_)
    expected: dict[tuple[datetime, str], Decimal] = {}
    for number, (hour, metric, amount) in enumerate(sent):
        written = f"{amount // 10**12}.{amount % 10**12:012d}"
        log.append([UsageEvent(str(number), hour * 3_600_000_000, metric, None, written, {})]).result(10)
        key = (datetime(1970, 1, 1, hour, tzinfo=UTC), metric)
        expected[key] = expected.get(key, Decimal(0)) + Decimal(written)
    log.close()
    assert quantities(PushCollector(settings_)) == expected
    (segment,) = segments(folder / "events")
    fresh = present_sums(segment)
    assert finished_sums(segment).rows.equals(fresh.rows)
    assert sums_path(segment).exists()
    assert finished_sums(segment).rows.equals(fresh.rows)


def test_a_damaged_finished_segment_is_an_error_that_names_it_and_nothing_is_given(
    open_log: OpenLog, source: PushCollector, event: MakeEvent
) -> None:
    log = open_log(segment_bytes=9)
    for number in range(6):
        log.append([event(f"{number}")]).result(10)
    first = segments(log.folder)[0]
    content = bytearray(first.read_bytes())
    content[-3] ^= 1
    first.write_bytes(content)
    with pytest.raises(CollectError, match=r"events-00000001.log is damaged after byte \d+ of \d+") as raised:
        list(source.collect(None))
    assert raised.value.permanent
    assert not sums_path(first).exists()


@pytest.mark.slow
def test_a_reader_beside_a_writing_process_sees_only_whole_batches(
    tmp_path: Path, source: PushCollector, clock: Callable[[], datetime]
) -> None:
    program = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from collectors.push.fields import UsageEvent, microseconds
from collectors.push.log import EventLog, LogSettings
now = datetime.fromisoformat(sys.argv[2])
log = EventLog(Path(sys.argv[1]), lambda: now, LogSettings(segment_bytes=100_000))
for batch in range(100):
    events = [UsageEvent(f"{batch}-{n}", microseconds(now), "requests", None, 1, {}) for n in range(100)]
    log.append(events).result(10)
    print(batch, flush=True)
log.close()
"""
    command = [sys.executable, "-c", program, str(tmp_path / "events"), clock().isoformat()]
    seen = [0]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            found = rows(source)
            seen.append(int(found[0]["quantity"]))
            assert seen[-1] % 100 == 0
            assert seen[-1] >= max(seen[-2], 100 * (int(line) + 1))
    assert writer.returncode == 0
    assert seen[-1] == 10_000
    assert len(segments(tmp_path / "events")) > 2


def test_deleted_days_are_not_given_again_and_take_no_more_events(
    open_log: OpenLog, source: PushCollector, event: MakeEvent, clock: Any
) -> None:
    log = open_log(segment_bytes=9, keep=timedelta(days=3))
    for day in (17, 18, 19, 20):
        log.append([event(f"{day}", at(day, 5)), event(f"{day}-late", at(17, 6))]).result(10)
    clock.advance(days=5)
    log.append([event("25", at(25, 5))]).result(10)
    clock.advance(days=2, minutes=1)
    log.append([event("27", at(27, 5))]).result(10)
    assert log.trim(date(2026, 11, 17)) == ()
    deleted = log.trim(date(2026, 11, 30))
    assert [path.name for path in deleted] == [f"events-0000000{n}.log" for n in (1, 2, 3, 4)]
    assert not any(path.exists() or sums_path(path).exists() for path in deleted)
    assert [row["hour"] for row in rows(source)] == [at(25, 5), at(27, 5)]
    assert source.reading().coverage == (Window(at(25, 5), at(27, 12)),)
    assert log.accepted_span().oldest == at(24, 0)
    log.close()
    assert open_log(keep=timedelta(days=30)).accepted_span().oldest == at(23, 0)


def test_a_segment_with_one_young_event_stays_whole(
    open_log: OpenLog, source: PushCollector, event: MakeEvent, clock: Any
) -> None:
    log = open_log(segment_bytes=9, keep=timedelta(days=3))
    log.append([event("old", at(17, 5)), event("young", at(20, 5)), event("more", at(17, 6))]).result(10)
    log.append([event("next", at(20, 6))]).result(10)
    clock.advance(days=3)
    log.append([event("latest", at(23, 6))]).result(10)
    assert log.trim(date(2026, 11, 30)) == ()
    assert len(rows(source)) == 5


def test_options_are_checked_and_have_defaults(tmp_path: Path) -> None:
    def built(**options: str) -> Any:
        return TYPE.build(SourceSettings("push", options, tmp_path, lambda: at(20, 12)))

    assert built().restates == timedelta(days=35)
    assert (built().name, built().table, built().holds_everything) == ("push", "usage", False)
    assert log_settings(SourceSettings("push", {"keep": "10d"}, tmp_path, lambda: at(20, 12))).keep == timedelta(
        days=10
    )
    with pytest.raises(ValueError, match="keep"):
        built(keep="soon")
    with pytest.raises(ValueError, match="at least 1h"):
        built(keep="1s")
    with pytest.raises(ValueError, match="folder"):
        built(folder="x")
