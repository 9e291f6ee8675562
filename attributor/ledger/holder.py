"""Who holds a lease: this process, so named that another on the same host can tell whether it still lives."""

import os
import socket
from pathlib import Path

_DEAD_STATES = {"Z", "X"}


def this_holder() -> str:
    """Return "host:pid:start-time" of this process; the host's part names its boot and process space as well.

    Two containers may share a host name, and a restarted machine its process ids: neither is this host.
    """
    return f"{_this_host()}:{os.getpid()}:{_start_time(os.getpid())}"


def holder_is_dead(holder: str) -> bool:
    """Say whether the holder ran on this very host and surely runs no more; False where that cannot be known."""
    host, _, rest = holder.rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != _this_host() or not pid.isdecimal():
        return False
    return not _runs(int(pid)) or _start_time(int(pid)) != rest


def _this_host() -> str:
    return f"{socket.gethostname()}/{_boot()}/{_process_space()}"


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _process_space() -> str:
    path = Path("/proc/self/ns/pid")
    return "".join(character for character in path.readlink().name if character.isdecimal()) if path.exists() else ""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = _stat(pid)[:1]
    return state == [] or state[0] not in _DEAD_STATES


def _start_time(pid: int) -> str:
    """Return the process's start in clock ticks since boot, "" where the system does not say."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may itself hold spaces and brackets: proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
