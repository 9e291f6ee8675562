"""The example configuration is one that `attributor check` accepts as it stands."""

import json
import re

import yaml
from jsonschema import Draft202012Validator

from attributor.app.configuration import known_types, read_settings
from attributor.config.json_schema import json_schema


def environment(deploy):
    """What the systemd unit and the image both set, with the examples' values."""
    lines = (deploy / "environment.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return given | {
        "ATTRIBUTOR_LISTEN": "127.0.0.1:8080",
        "ATTRIBUTOR_STATE": "/var/lib/attributor",
        "ATTRIBUTOR_LEDGER": "sqlite:////var/lib/attributor/ledger.db",
    }


def test_the_example_has_no_problem_at_all(deploy):
    loaded = read_settings(deploy / "attributor.yaml", environment(deploy))
    assert [str(problem) for problem in loaded.problems] == []


def test_the_example_names_the_schema_in_its_first_line(deploy):
    first = (deploy / "attributor.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r"# yaml-language-server: \$schema=\S+\.json", first)


def test_the_example_holds_no_secret(deploy):
    text = (deploy / "attributor.yaml").read_text(encoding="utf-8")
    assert "hooks.slack.com" not in text
    assert 'webhook_url: "${' in text
    assert 'token: "${' in text


def test_the_committed_schema_is_the_program_s(deploy):
    committed = json.loads((deploy / "attributor.schema.json").read_text(encoding="utf-8"))
    assert committed == json_schema(known_types()), "attributor schema > deploy/attributor.schema.json"


def test_an_editor_finds_nothing_wrong_with_the_example(deploy):
    document = yaml.safe_load((deploy / "attributor.yaml").read_text(encoding="utf-8"))
    validator = Draft202012Validator(json.loads((deploy / "attributor.schema.json").read_text(encoding="utf-8")))
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []


def test_an_editor_marks_a_misspelt_key(deploy):
    document = yaml.safe_load((deploy / "attributor.yaml").read_text(encoding="utf-8"))
    validator = Draft202012Validator(json.loads((deploy / "attributor.schema.json").read_text(encoding="utf-8")))
    assert list(validator.iter_errors(document | {"sorces": {}}))
