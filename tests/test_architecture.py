import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_every_import_points_down_and_the_libraries_know_nobody() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr


def test_importing_a_package_does_no_work() -> None:
    script = (
        "import sys, threading, attributor.app, attributor.cli.main\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "heavy = {'vl_convert', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.slow
def test_a_command_waits_for_no_library_that_only_serving_or_a_store_needs() -> None:
    script = (
        "import sys, attributor.app.wiring, attributor.cli.run\n"
        "heavy = {'fastapi', 'authlib', 'boto3', 'jinja2', 'distributed', 'slack_sdk'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
