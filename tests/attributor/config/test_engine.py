"""`engine:` says who computes."""

from pathlib import Path

import pytest

from attributor.app.configuration import read_settings
from attributor.config.load import LoadedConfig
from attributor.config.settings import EngineSettings

ADDRESS = "write `scheduler: tcp://HOST:PORT` or tls://HOST:PORT"


def loaded(folder: Path, text: str) -> LoadedConfig:
    path = folder / "attributor.yaml"
    path.write_text("rules: []\n" + text)
    return read_settings(path, {"SCHEDULER": "tls://[::1]:8786"})


@pytest.mark.parametrize("text", ["", "engine:\n", "engine: {executor: local}\n"])
def test_this_process_computes_unless_something_else_is_said(tmp_path: Path, text: str) -> None:
    settings = loaded(tmp_path, text).settings
    assert settings is not None
    assert (settings.engine.executor, settings.engine.scheduler) == ("local", "")


def test_a_cluster_is_named_by_its_scheduler(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "engine:\n  scheduler: ${SCHEDULER}\n  executor: dask\n").settings
    assert settings is not None
    assert settings.engine == EngineSettings("dask", "tls://[::1]:8786", line=4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("engine: {executor: dask}\n", [(2, f"`scheduler` is missing — {ADDRESS}")]),
        ("engine:\n  executor: dask\n  scheduler:\n", [(3, f"`scheduler` is missing — {ADDRESS}")]),
        (
            "engine:\n  executor: spark\n  scheduler: scheduler.corp\n",
            [
                (3, "`executor`: 'spark' is none — write local or dask"),
                (4, f"`scheduler` is not a scheduler's address — {ADDRESS}"),
            ],
        ),
        (
            "engine:\n  executor: dask\n  scheduler: tcp://a:99999\n",
            [(4, f"`scheduler` is not a scheduler's address — {ADDRESS}")],
        ),
        ("engine:\n  executer: dask\n", [(3, "unknown key `executer` — did you mean `executor`?")]),
        ("engine: dask\n", [(2, "this must be a map of keys — write one `key: value` a line")]),
    ],
)
def test_every_mistake_has_its_line_and_the_fix(tmp_path: Path, text: str, expected: list[tuple[int, str]]) -> None:
    found = loaded(tmp_path, text).errors
    assert [(problem.line, f"{problem.message} — {problem.fix}") for problem in found] == expected


def test_a_scheduler_that_is_not_used_is_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, "engine:\n  scheduler: tcp://scheduler.corp:8786\n")
    assert [(problem.line, problem.severity) for problem in found.problems] == [(3, "warning")]
    assert found.settings is not None
