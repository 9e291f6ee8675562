"""What every command has: help, `-c` before and after it, a default file, and standard output for the answer alone."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from attributor.cli.main import COMMANDS, attributor

READING = [
    ["showback", "--period", "2026-11"],
    ["reconcile", "--period", "2026-11"],
    ["tags", "--period", "2026-11"],
    ["explain", "--period", "2026-11", "--team", "ads"],
    ["statements"],
    ["alerts", "list"],
    ["check"],
    ["run"],
]
NAMES = " ".join


def invoke(*arguments: str):
    return CliRunner().invoke(attributor, list(arguments), catch_exceptions=False)


@pytest.mark.parametrize("name", [*COMMANDS, "alerts list", "alerts test"])
def test_every_command_says_what_it_does_and_takes(name: str) -> None:
    for flag in ("--help", "-h"):
        answer = invoke(*name.split(), flag)
        assert answer.exit_code == 0
        assert answer.stdout.startswith(f"Usage: attributor {name} ")
    assert set(invoke("--help").stdout.split()) > set(COMMANDS)


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert invoke("--version").stdout == f"{version('attributor')}\n"


@pytest.mark.parametrize("arguments", READING, ids=NAMES)
def test_the_configuration_can_be_named_before_and_after_the_command_or_not_at_all(
    arguments: list[str], ran, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = str(ran.folder / "attributor.yaml")
    answers = [
        invoke("-c", file, *arguments, "--format", "csv"),
        invoke(*arguments, "--format", "csv", "--config", file),
    ]
    monkeypatch.chdir(ran.folder)
    answers.append(invoke(*arguments, "--format", "csv"))
    assert [answer.exit_code for answer in answers] == [0, 0, 0]
    assert len({answer.stdout for answer in answers}) == 1
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    missing = invoke(*arguments)
    assert (missing.exit_code, "attributor.yaml:1: " in missing.output, "attributor demo DIR" in missing.output) == (
        2,
        True,
        True,
    )


def test_the_nearest_name_wins_where_the_configuration_is_named_twice(ran, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(ran.folder, other, ignore=shutil.ignore_patterns("other"))
    (other / "attributor.yaml").write_text("rules: {}\n")
    answer = invoke("-c", str(ran.folder / "attributor.yaml"), "check", "-c", str(other / "attributor.yaml"))
    assert (answer.exit_code, str(other) in answer.stdout) == (2, True)


@pytest.mark.parametrize("arguments", READING, ids=NAMES)
def test_with_json_standard_output_is_the_document_alone(arguments: list[str], ran) -> None:
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config + "alerts: {channels: {console: {type: console}}}\n")
    answer = ran.command("--verbose", *arguments, "--format", "json")
    assert isinstance(json.loads(answer.out), dict)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    answer = invoke("-c", str(tmp_path), "check")
    assert (answer.exit_code, "is a directory" in answer.output) == (2, True)


@pytest.mark.parametrize(("arguments", "words"), [(["shwoback"], "No such command 'shwoback'"), ([], "Commands:")])
def test_without_a_command_it_says_which_there_are(arguments: list[str], words: str) -> None:
    answer = invoke(*arguments)
    assert (answer.exit_code, words in answer.stderr) == (2, True)
