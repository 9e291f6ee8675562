"""`attributor demo`: a made-up company, the same again for the same seed, and never over somebody's own files."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from attributor.cli.main import attributor

SMALL = ["--days", "10", "--charges", "200", "--seed", "5"]


def demo(*arguments: str):
    return CliRunner().invoke(attributor, ["demo", *arguments], catch_exceptions=False)


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_the_demo_can_be_written_again_and_checked_and_edited(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "up"
    first = demo(str(folder), *SMALL)
    assert (first.exit_code, first.stdout) == (0, "")
    assert f"next: attributor run -c {folder / 'attributor.yaml'}" in first.stderr
    written = contents(folder)
    (folder / "bills" / "left-over.csv").write_text("an older demo's")
    assert demo(str(folder), *SMALL).exit_code == 0
    assert set(contents(folder)) == set(written)
    assert {"attributor.yaml", "attributor.schema.json", "incidents.json"} <= set(written)
    assert json.loads((folder / "incidents.json").read_text())
    printed = CliRunner().invoke(attributor, ["schema"]).stdout
    assert json.loads((folder / "attributor.schema.json").read_text()) == json.loads(printed)
    checked = CliRunner().invoke(attributor, ["check", "-c", str(folder / "attributor.yaml")])
    assert (checked.exit_code, checked.stdout) == (0, "")


@pytest.mark.parametrize("name", ["bills/own.csv", "attributor.yaml", "usage/own.csv"])
def test_somebody_s_own_files_are_never_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    answer = demo(str(tmp_path), *SMALL)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "is there and is no demo's: choose another folder" in answer.stderr
    assert list(contents(tmp_path)) == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "--days", "3"], "--days"),
        (["x", "--days", "9999"], "--days"),
        (["x", "--charges", "0"], "--charges"),
        (["x", "--charges", "many"], "--charges"),
        (["x", "--seed", "-1"], "--seed"),
        ([], "Missing argument 'DIR'"),
    ],
)
def test_what_cannot_be_made_up_is_said_in_one_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = demo(*arguments)
    assert (answer.exit_code, words in answer.stderr.splitlines()[-1]) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder_for_a_demo(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    answer = demo(str(tmp_path / "file"), *SMALL)
    assert (answer.exit_code, "is a file" in answer.stderr) == (2, True)
    below = demo(str(tmp_path / "file" / "below"), *SMALL)
    assert (below.exit_code, "Traceback" in below.output) == (2, False)
