import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.push.fields import UsageEvent
from collectors.push.log import Appended, EventLog, LogUnavailableError
from collectors.push.recall import read_events
from collectors.push.records import CorruptLogError
from collectors.push.segments import LogLockedError, segments

MakeEvent = Callable[..., UsageEvent]
OpenLog = Callable[..., EventLog]


def ids(log: EventLog) -> list[str]:
    return [event.id for event in read_events(log.folder)]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: a disk that is full at a known point."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_acknowledged_is_read_back_as_it_was_sent(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    sent = [event("a", quantity="0.1", facts={"team": "search", "model": "größer"}), event("b", pool=None)]
    assert log.append(sent).result(10) == Appended(2, 0)
    assert list(read_events(log.folder)) == sent


def test_an_id_counts_once_in_a_batch_across_batches_and_across_restarts(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    assert log.append([event("a", quantity=1), event("a", quantity=2), event("b")]).result(10) == Appended(2, 1)
    assert log.append([event("b"), event("c")]).result(10) == Appended(1, 1)
    log.close()
    again = open_log()
    assert again.append([event("c"), event("a"), event("d")]).result(10) == Appended(1, 2)
    assert ids(again) == ["a", "b", "c", "d"]


def test_clients_that_send_the_same_ids_at_once_store_each_once(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    with ThreadPoolExecutor(8) as clients:
        batches = [[event(f"{number}") for number in range(start, start + 300)] for start in range(0, 200, 10)] * 2
        found = [answer.result(10) for answer in clients.map(log.append, batches)]
    assert sum(each.accepted for each in found) == 490
    assert sum(each.accepted + each.duplicates for each in found) == 300 * len(batches)
    assert sorted(map(int, ids(log))) == list(range(490))


def test_an_id_is_known_again_for_48_hours_after_its_arrival(open_log: OpenLog, event: MakeEvent, clock: Any) -> None:
    log = open_log()
    log.append([event("a")]).result(10)
    clock.advance(hours=48)
    assert log.append([event("a"), event("b")]).result(10) == Appended(1, 1)
    log.close()
    again = open_log()
    assert again.append([event("a")]).result(10) == Appended(0, 1)
    clock.advance(hours=72)
    assert again.append([event("c")]).result(10) == Appended(1, 0)
    assert again.append([event("a")]).result(10) == Appended(1, 0)


def test_segments_are_finished_by_size_and_by_day(open_log: OpenLog, event: MakeEvent, clock: Any) -> None:
    log = open_log(segment_bytes=5_000)
    for start in range(0, 300, 100):
        log.append([event(f"{start + number}") for number in range(100)]).result(10)
    assert len(segments(log.folder)) == 3
    clock.advance(days=1)
    log.append([event("next day")]).result(10)
    log.append([event("same day")]).result(10)
    assert len(segments(log.folder)) == 4
    assert len(ids(log)) == 302
    log.close()
    assert open_log(segment_bytes=5_000).append([event("0"), event("next day")]).result(10) == Appended(0, 2)


def test_a_second_process_is_told_who_writes_the_log(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    program = "import sys; from pathlib import Path; from collectors.push.segments import lock; lock(Path(sys.argv[1]))"
    second = subprocess.run(
        [sys.executable, "-c", program, str(log.folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert second.returncode != 0
    assert f"LogLockedError: {log.folder} is already written by another process (pid {os.getpid()})" in second.stderr
    with pytest.raises(LogLockedError, match="already written"):
        open_log()
    log.close()
    open_log()


@pytest.mark.parametrize(
    "torn", [b"\x07", b"\xff\xff\xff\x7f\x00\x00\x00\x00", b"\x40\x00\x00\x00\x00\x00\x00\x00" + b"x" * 64]
)
def test_a_torn_tail_is_cut_kept_aside_and_written_over(open_log: OpenLog, event: MakeEvent, torn: bytes) -> None:
    log = open_log()
    log.append([event("a")]).result(10)
    log.close()
    (segment,) = segments(log.folder)
    whole = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(torn)
    assert ids(log) == ["a"]
    again = open_log()
    assert segment.stat().st_size == whole
    assert segment.with_suffix(f".torn-{whole}").read_bytes() == torn
    assert again.append([event("a"), event("b")]).result(10) == Appended(1, 1)
    assert ids(again) == ["a", "b"]


def test_a_record_cut_at_any_byte_is_as_if_it_had_never_been(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    log.append([event("a")]).result(10)
    (segment,) = segments(log.folder)
    whole = segment.stat().st_size
    log.append([event("b")]).result(10)
    log.close()
    content = segment.read_bytes()
    for length in range(whole, len(content)):
        segment.write_bytes(content[:length])
        assert ids(log) == ["a"]
    segment.write_bytes(content)
    assert ids(log) == ["a", "b"]


def test_a_file_that_is_no_segment_is_not_overwritten(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    log.append([event("a")]).result(10)
    log.close()
    (segment,) = segments(log.folder)
    segment.write_bytes(b"something else")
    with pytest.raises(CorruptLogError, match="is not a segment of a usage log"):
        open_log()
    assert segment.read_bytes() == b"something else"


def test_a_full_disk_refuses_the_batch_whole_and_harms_nothing(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    log.append([event("before")]).result(10)
    with file_size_limit(20_000):
        large = [event(f"large-{number}") for number in range(500)]
        with pytest.raises(LogUnavailableError, match="cannot be written"):
            log.append(large).result(10)
        assert ids(log) == ["before"]
        assert log.append([event("small"), event("before")]).result(10) == Appended(1, 1)
    assert log.append(large).result(10) == Appended(500, 0)
    log.close()
    assert open_log().append([*large, event("small")]).result(10) == Appended(0, 501)


def test_a_closed_log_answers_what_waits_and_then_refuses(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    waiting = [log.append([event(f"{number}")]) for number in range(50)]
    log.close()
    log.close()
    assert [each.result(0) for each in waiting] == [Appended(1, 0)] * 50
    with pytest.raises(LogUnavailableError, match="closed"):
        log.append([event("late")]).result(0)


def test_a_batch_that_its_client_gave_up_is_not_stored(open_log: OpenLog, event: MakeEvent) -> None:
    log = open_log()
    abandoned = [log.append([event(f"{number}")]) for number in range(200)]
    given_up = {number for number, answer in enumerate(abandoned) if answer.cancel()}
    log.close()
    assert {int(each) for each in ids(log)} == set(range(200)) - given_up


def test_events_are_accepted_from_the_oldest_day_kept_to_an_hour_ahead(open_log: OpenLog, clock: Any) -> None:
    span = open_log(keep=timedelta(days=3)).accepted_span()
    assert span.oldest == datetime(2026, 11, 17, tzinfo=UTC)
    assert span.end == clock.now + timedelta(hours=1)
