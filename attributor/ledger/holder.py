"""Who holds a lease: this process, so named that another on the same host can tell whether it still lives."""

import os
import socket
from pathlib import Path

from attributor.processes import runs, start_time


def this_holder() -> str:
    """Return "host:pid:start-time" of this process; the host's part names its boot and process space as well.

    Two containers may share a host name, and a restarted machine its process ids: neither is this host.
    """
    return f"{_this_host()}:{os.getpid()}:{start_time(os.getpid())}"


def holder_is_dead(holder: str) -> bool:
    """Say whether the holder ran on this very host and surely runs no more; False where that cannot be known."""
    host, _, rest = holder.rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != _this_host() or not pid.isdecimal():
        return False
    return not runs(int(pid)) or start_time(int(pid)) != rest


def _this_host() -> str:
    return f"{socket.gethostname()}/{_boot()}/{_process_space()}"


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _process_space() -> str:
    path = Path("/proc/self/ns/pid")
    return "".join(character for character in path.readlink().name if character.isdecimal()) if path.exists() else ""
