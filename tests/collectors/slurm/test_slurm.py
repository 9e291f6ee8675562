"""GPU hours of Slurm's jobs: from a program that answers as sacct does, and from its output with what goes wrong."""

import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.base import CollectError, Window
from collectors.slurm.sacct import TYPE

START = datetime(2026, 11, 19, 8, tzinfo=UTC)
NOW = START + timedelta(hours=4, minutes=30)
HEADER = "JobIDRaw|User|Account|Partition|QOS|Start|End|AllocTRES\n"
JOB = "1|ada|search|gpu|normal|2026-11-19T08:30:00|2026-11-19T10:15:00|gres/gpu=2\n"


@pytest.fixture
def read(tmp_path: Path, collecting):
    def reading(text: str, window: Window | None = None, **options: str):
        (tmp_path / "jobs.txt").write_text(text, encoding="latin-1")
        return collecting.read(TYPE, window, NOW, path="jobs.txt", **options)

    return reading


def held(collected) -> dict[int, Decimal]:
    found: dict[int, Decimal] = defaultdict(Decimal)
    for row in collected.rows:
        found[row["hour"].hour] += row["quantity"]
    return dict(found)


def test_a_job_holds_its_gpus_from_start_to_end_and_no_second_more(read) -> None:
    collected = read(HEADER + JOB)
    assert held(collected) == {8: 1, 9: 2, 10: Decimal("0.5")}
    assert collected.reading.coverage == (Window(START, START + timedelta(hours=3)),)
    facts = dict(collected.rows[0]["facts"])
    assert facts == {"job": "1", "user": "ada", "account": "search", "partition": "gpu", "qos": "normal"}


def test_a_job_that_runs_holds_them_until_the_last_whole_hour(read) -> None:
    assert held(read(HEADER + JOB.replace("2026-11-19T10:15:00", "Unknown"))) == {8: 1, 9: 2, 10: 2, 11: 2}


def test_steps_and_lines_that_come_twice_count_once_and_requeued_jobs_twice(read) -> None:
    again = JOB.replace("T08:30", "T11:00").replace("T10:15", "T11:30")
    assert held(read(HEADER + JOB + JOB.replace("1|", "1.0|", 1) + JOB + again)) == {
        8: 1,
        9: 2,
        10: Decimal("0.5"),
        11: 1,
    }


def test_columns_may_come_in_any_order_and_windows_give_their_hours(read) -> None:
    shuffled = "AllocTRES|End|JobID|Start\ngres/gpu:h100=2|2026-11-19T10:15:00Z|1|2026-11-19T08:30:00Z\n"
    window = Window(START + timedelta(hours=1), START + timedelta(hours=2))
    collected = read(shuffled, window)
    assert held(collected) == {9: 2}
    assert dict(collected.rows[0]["facts"]) == {"job": "1", "gpu_model": "h100"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it has not even a header"),
        (HEADER + JOB[:-9], "ends in the middle of a line"),
        (HEADER.replace("|AllocTRES", "|TRES") + JOB, "has no column AllocTRES; write --format="),
        (HEADER + "1|2\n", "row 1: has 2 values, and the header has 8"),
        (HEADER + JOB.replace("gpu=2", "gpu=two"), "gres/gpu=two is no number of GPUs"),
        (HEADER + JOB.replace("2026-11-19T08:30:00", "19.11.2026"), "Start = '19.11.2026': is no time"),
        (HEADER + JOB.replace("T10:15", "T07:15"), "is before Start"),
        (HEADER + JOB.replace("ada", "andré"), "is no UTF-8"),
    ],
)
def test_output_that_is_wrong_is_refused_whole(text: str, message: str, read) -> None:
    with pytest.raises(CollectError) as refused:
        read(text)
    told = [str(refused.value), *map(str, refused.value.problems)]
    assert any(message in one for one in told)
    assert refused.value.permanent


def program(folder: Path, body: str) -> str:
    script = folder / "sacct.py"
    script.write_text(f"import os, sys\n{body}\n", encoding="utf-8")
    return f"{sys.executable} {script}"


def test_a_clock_of_slurm_that_goes_ahead_or_behind_holds_no_hour_that_is_not_over_here(
    tmp_path: Path, collecting
) -> None:
    ahead = JOB.replace("T08:30", "T12:45").replace("T10:15:00", "T13:10:00")
    begun = JOB.replace("T08:30", "T12:50").replace("2026-11-19T10:15:00", "Unknown")
    command = program(tmp_path, f"print({HEADER + JOB + ahead + begun!r}, end='')")
    collected = collecting.read(TYPE, Window(START, START + timedelta(hours=10)), NOW, command=command)
    assert held(collected) == {8: 1, 9: 2, 10: Decimal("0.5")}
    assert collected.reading.coverage == (Window(START, START + timedelta(hours=4)),)


def test_sacct_is_asked_for_the_window_in_utc(tmp_path: Path, collecting) -> None:
    body = f"open('asked', 'w').write(os.environ['TZ'] + ' ' + ' '.join(sys.argv[1:]))\nprint({HEADER + JOB!r}, end='')"
    command = program(tmp_path, body.replace("'asked'", repr(str(tmp_path / "asked"))))
    window = Window(START, START + timedelta(hours=10))
    collected = collecting.read(TYPE, window, NOW, command=command)
    assert held(collected) == {8: 1, 9: 2, 10: Decimal("0.5")}
    assert collected.reading.coverage == (Window(START, START + timedelta(hours=4)),), "an hour without jobs is a zero"
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("UTC --allusers --allocations --duplicates --parsable2 --format=JobIDRaw,")
    assert asked.endswith("--starttime=2026-11-19T08:00:00 --endtime=2026-11-19T12:00:00")


@pytest.mark.slow
def test_a_sacct_that_fails_or_is_not_there_is_told(tmp_path: Path, collecting) -> None:
    failing = program(tmp_path, "sys.exit('slurmdbd: connection refused')")
    with pytest.raises(CollectError, match="ended with 1: slurmdbd: connection refused") as refused:
        collecting.read(TYPE, None, NOW, command=failing)
    assert not refused.value.permanent
    with pytest.raises(CollectError, match="no-such-sacct cannot be called") as missing:
        collecting.read(TYPE, None, NOW, command="no-such-sacct")
    assert missing.value.permanent
    slow = program(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(CollectError, match="did not end within 0:00:01"):
        collecting.read(TYPE, None, NOW, command=slow, timeout="1s")
    with pytest.raises(ValueError, match="is no command"):
        collecting.build(TYPE, command='sacct "')


def test_a_file_is_read_again_where_it_changed_or_an_hour_went_by(tmp_path: Path, collecting) -> None:
    (tmp_path / "jobs.txt").write_text(HEADER + JOB)
    first = collecting.build(TYPE, lambda: NOW, path="jobs.txt").revision()
    assert collecting.build(TYPE, lambda: NOW + timedelta(minutes=9), path="jobs.txt").revision() == first
    assert collecting.build(TYPE, lambda: NOW + timedelta(hours=1), path="jobs.txt").revision() != first
    assert collecting.build(TYPE).revision() is None


def test_a_probe_tells_what_sacct_or_the_file_lacks(tmp_path: Path, collecting) -> None:
    working = program(tmp_path, f"print({HEADER + JOB!r}, end='')")
    [need] = collecting.build(TYPE, command=working).probe()
    assert (need.permission, need.problem) == (f"{sys.executable} for all users", None)
    denied = program(tmp_path, "sys.exit('Access/permission denied')")
    [need] = collecting.build(TYPE, command=denied).probe()
    assert "Access/permission denied" in str(need.problem)
    [need] = collecting.build(TYPE, path="jobs.txt").probe()
    assert (need.permission, need.problem) == ("reading jobs.txt", "jobs.txt cannot be read: No such file or directory")
    (tmp_path / "jobs.txt").write_text("JobIDRaw|Start\n")
    [need] = collecting.build(TYPE, path="jobs.txt").probe()
    assert "has no column End, AllocTRES" in str(need.problem)
