import os
import subprocess
import sys
from pathlib import Path

import pytest

from attributor.lake.scratch import scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_scratch_folder_is_gone_afterwards(temporary: Path) -> None:
    with scratch_folder() as folder:
        (folder / "rows").write_text("…")
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_goes_and_what_a_living_one_works_in_stays(temporary: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (temporary / f"attributor-{ended.pid}-left").mkdir()
    (temporary / f"attributor-{os.getppid()}-living").mkdir()
    (temporary / "attributor-notes").mkdir()
    with scratch_folder() as folder:
        left = {path.name for path in temporary.iterdir()}
        assert left == {folder.name, f"attributor-{os.getppid()}-living", "attributor-notes"}
