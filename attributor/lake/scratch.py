"""Folders for work in progress, gone afterwards; those of a process that was killed go at the next one's start."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attributor.processes import runs

_OURS = re.compile(r"attributor-(\d+)-.*")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder under the system's temporary one; its name tells which process works in it."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"attributor-{os.getpid()}-") as folder:
        yield Path(folder)


def _sweep(parent: Path) -> None:
    for folder in parent.glob("attributor-*-*"):
        match = _OURS.fullmatch(folder.name)
        if match is not None and not runs(int(match[1])):
            shutil.rmtree(folder, ignore_errors=True)
