"""Processes of this machine: whether one still runs, and since when."""

import os
from pathlib import Path

_DEAD_STATES = {"Z", "X"}


def runs(pid: int) -> bool:
    """Say whether a process of this id runs, whoever's it is; one that ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = _stat(pid)[:1]
    return state == [] or state[0] not in _DEAD_STATES


def start_time(pid: int) -> str:
    """Return the process's start in clock ticks since boot, "" where the system does not say."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may itself hold spaces and brackets: proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
