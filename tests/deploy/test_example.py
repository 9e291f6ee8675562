"""The example configuration is one that `attributor check` accepts as it stands."""

import re

from attributor.app.configuration import read_settings


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
