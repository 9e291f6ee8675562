"""The systemd unit: verified by systemd, hardened as far as it goes."""

import json
import re
import subprocess
import sys

import pytest

_HOW = "apt-get install systemd"


@pytest.fixture
def unit(deploy, tmp_path):
    """The unit with a program that exists, as systemd insists."""
    text = (deploy / "attributor.service").read_text(encoding="utf-8")
    path = tmp_path / "attributor.service"
    path.write_text(text.replace("/opt/attributor/bin/attributor", sys.executable), encoding="utf-8")
    return path


def test_systemd_understands_every_line(unit, tool):
    command = [tool("systemd-analyze", _HOW), "verify", "--man=no", unit]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_a_misspelt_line_would_be_noticed(unit, tool):
    unit.write_text(unit.read_text(encoding="utf-8").replace("ProtectSystem", "ProtectSytem"), encoding="utf-8")
    command = [tool("systemd-analyze", _HOW), "verify", "--man=no", unit]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "ProtectSytem" in ran.stderr


def test_its_exposure_is_low(unit, tool):
    command = [tool("systemd-analyze", _HOW), "security", "--offline=true", "--json=short", "--threshold=20", unit]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, [each["name"] for each in json.loads(ran.stdout) if not each["set"]]


def test_unit_and_environment_together_set_every_variable_of_the_example_configuration(deploy):
    used = set(re.findall(r"\$\{(\w+)\}", _uncommented(deploy / "attributor.yaml")))
    unit = (deploy / "attributor.service").read_text(encoding="utf-8")
    by_unit = set(re.findall(r"^Environment=(\w+)=", unit, re.MULTILINE))
    by_file = set(re.findall(r"^(\w+)=", (deploy / "environment.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert used <= by_unit | by_file
    assert by_unit & by_file == set()


def _uncommented(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
