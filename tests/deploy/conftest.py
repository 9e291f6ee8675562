"""Where the deployment's files are, and tools that may be missing."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture(scope="session")
def deploy() -> Path:
    """The folder `deploy/` of the repository."""
    return DEPLOY


@pytest.fixture(scope="session")
def tool() -> Callable[[str, str], str]:
    """Return a function that finds a program, beside this Python or on the path, or skips and says how to get it."""

    def find(name: str, how_to_get: str) -> str:
        beside = Path(sys.executable).with_name(name)
        found = str(beside) if beside.is_file() else shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed: {how_to_get}")
        return found

    return find
