"""Who a process belongs to, by what the kernel and the kubelet tell of it: pod, container, batch job, user."""

import pwd
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

_HEX = "[0-9a-f]{8}"
_pod = re.compile(rf"pod({_HEX}(?:[-_][0-9a-f]{{4}}){{3}}[-_][0-9a-f]{{12}})").search
_container = re.compile(r"(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)").search
_uid = re.compile(r"^Uid:\s+(\d+)", re.MULTILINE).search
_slurm = re.compile(r"/job_([0-9]+)(?:/|$)").search
_is_log_folder = re.compile(r"(.+)_(.+)_([0-9a-f-]{36})").fullmatch
_IGNORED = "nvidia-cuda-mps"
"""Daemons that share a GPU out and hold none for themselves; the kernel cuts their names."""

Holder = Mapping[str, str]
UNKNOWN: Holder = {"user": "unknown"}


@dataclass(frozen=True)
class Places:
    """Where things are told: `proc` of the processes, `pods` the kubelet's folder of logs, named by its pods.

    `environment` are variables of a process that become facts.
    """

    proc: Path = Path("/proc")
    pods: Path = Path("/var/log/pods")
    environment: tuple[str, ...] = ()


def holder_of(pid: int, places: Places) -> Holder | None:
    """Return the facts of whom a process belongs to.

    {} where it shares a GPU out for others, None where it is not there, UNKNOWN where it may not be looked at.
    """
    folder = places.proc / str(pid)
    try:
        if (folder / "comm").read_text("utf-8", "replace").startswith(_IGNORED):
            return {}
        cgroup = (folder / "cgroup").read_text("utf-8", "replace")
        status = (folder / "status").read_text("utf-8", "replace")
    except PermissionError:
        return UNKNOWN
    except (FileNotFoundError, ProcessLookupError):
        return None
    variables = _variables(folder, {"SLURM_JOB_ID", *places.environment})
    facts = {
        **{name: variables.get(name) for name in places.environment},
        **_pod_facts(cgroup, places.pods),
        "job": _found(_slurm(cgroup)) or variables.get("SLURM_JOB_ID"),
        "user": _user(status),
    }
    return {name: value for name, value in facts.items() if value}


def _pod_facts(cgroup: str, pods: Path) -> dict[str, str | None]:
    """Return the pod of a control group, its names by the kubelet's folder where that is there; else the container."""
    uid = (_found(_pod(cgroup)) or "").replace("_", "-")
    container = _found(_container(cgroup))
    if not uid:
        return {"container": None if container is None else container[:12]}
    for folder in _listed(pods):
        named = _is_log_folder(folder.name)
        if named and named[3] == uid:
            containers = [inside.name for inside in _listed(folder) if inside.is_dir()]
            only = containers[0] if len(containers) == 1 else None
            return {"namespace": named[1], "pod": named[2], "pod_uid": uid, "container": only}
    return {"pod_uid": uid}


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # not a node of Kubernetes, or not ours to read: a pod is known by its uid alone
        return []


def _variables(folder: Path, names: AbstractSet[str]) -> dict[str, str]:
    """Return the wanted variables of a process's environment and look at no other; none where it may not be read."""
    try:
        content = (folder / "environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in content.split("\0"))
    return {name: value for name, _, value in pairs if name in names}


def _user(status: str) -> str | None:
    uid = _found(_uid(status))
    if uid is None:
        return None
    try:
        return pwd.getpwuid(int(uid)).pw_name
    except KeyError:
        return uid


def _found(match: re.Match[str] | None) -> str | None:
    return None if match is None else match[1]
