from pathlib import Path

import pytest

from attributor.app.configuration import known_types
from attributor.config.environment import substitution
from attributor.config.load import LoadedConfig, load_config


@pytest.fixture
def load(tmp_path: Path):
    def loaded(text: str, **environment: str) -> LoadedConfig:
        path = tmp_path / "attributor.yaml"
        path.write_text(text)
        return load_config(path, known_types(), substitution(environment))

    return loaded


def test_a_small_file_is_enough(load) -> None:
    loaded = load("sources: {aws: {type: focus, path: 'bills/*.csv'}}\nrules: []\n")
    assert loaded.problems == ()
    assert [source.name for source in loaded.settings.sources] == ["aws"]


def test_paths_are_relative_to_the_file(load, tmp_path: Path) -> None:
    settings = load("store: {lake: ./lake, ledger: 'sqlite:///state/ledger.db'}\nrules: []\n").settings
    assert settings.store.lake == str(tmp_path / "lake")
    assert settings.store.ledger == f"sqlite:///{tmp_path}/state/ledger.db"


def test_a_postgresql_url_keeps_its_password_and_takes_the_driver_that_is_installed(load) -> None:
    settings = load("store: {ledger: 'postgresql://ada:s3cret@127.0.0.1/costs'}\nrules: []\n").settings
    assert settings.store.ledger == "postgresql+psycopg://ada:s3cret@127.0.0.1/costs"


def test_no_secret_is_in_the_repr_of_the_settings(load) -> None:
    settings = load(
        "store: {ledger: 'postgresql://ada:hush-1@127.0.0.1/costs'}\n"
        "sources: {gw: {type: push, token: '${TOKEN}'}}\n"
        "alerts: {channels: {s: {type: slack, webhook_url: 'https://hooks.invalid/hush-3'}}}\nrules: []\n",
        TOKEN="hush-2",
    ).settings
    assert "hush" not in repr(settings)


def test_every_problem_is_told_at_once_with_its_line(load) -> None:
    loaded = load(
        "stor: {}\n"
        "sources:\n"
        "  aws: {type: focsu, path: x}\n"
        "  gpu: {type: usage}\n"
        "  'a/b': {type: push, every: soon, colour: red}\n"
        "web: {listen: nowhere}\n"
        "alerts:\n"
        "  channels: {slack: {type: slack}}\n"
        "  routes:\n"
        "    - {match: {teem: search}, channels: [slak]}\n"
        "rules: []\n"
    )
    found = [(problem.line, problem.message) for problem in loaded.errors]
    assert loaded.settings is None
    assert [line for line, _ in found] == [1, 3, 4, 5, 5, 5, 6, 8, 10, 10]
    assert all(problem.fix for problem in loaded.errors)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("sources: [\n", 2, "not valid YAML"),
        ("- a\n- b\n", 1, "must be a map"),
        ("rules: []\nrules: []\n", 2, "stands twice"),
        ("rules: []\nstore: {ledger: 'mysql://x/y'}\n", 2, "mysql is not supported"),
        ("rules: []\nstore: {ledger: 'sqlite://'}\n", 2, "memory"),
        ("rules: []\nstore: {ledger: 'not a url'}\n", 2, "not a database URL"),
        ("rules: []\nsources: {a: {type: focus, path: '${NOPE}'}}\n", 2, "NOPE"),
        ("rules: []\nalerts: {idle_gpu: {below: low}}\n", 2, "not a number"),
        ("rules: []\nalerts: {time_zone: Nowhere/City}\n", 2, "not a time zone"),
        ("rules: []\nalerts: {routes: [{channels: [], quiet: [nights]}]}\n", 2, "no quiet hours are called `nights`"),
        (
            "rules: []\nalerts: {maintenance: [{from: 2026-12-02, until: 2026-12-01, reason: r}]}\n",
            2,
            "not later than `from`",
        ),
        (
            "rules: []\nalerts: {channels: {c: {type: console}}, routes: [{match: {team: a}, channels: [c]}]}\n",
            2,
            "last route must match all",
        ),
    ],
)
def test_a_mistake_is_a_value_with_its_line(load, text: str, line: int, words: str) -> None:
    problems = load(text).errors
    assert [(problem.line, words in problem.message) for problem in problems] == [(line, True)]


def test_a_file_that_is_not_there_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    loaded = load_config(tmp_path / "none.yaml", known_types(), substitution({}))
    assert "attributor demo" in loaded.problems[0].fix


def test_a_file_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "attributor.yaml"
    path.write_bytes(b"company: \xff\xfe\n")
    assert "UTF-8" in load_config(path, known_types(), substitution({})).problems[0].fix
