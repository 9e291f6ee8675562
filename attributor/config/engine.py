"""`engine:`."""

import re

from attributor.config.keys import ENGINE
from attributor.config.options import typed_options
from attributor.config.settings import EngineSettings
from rules.located import Located
from rules.problem import Problem

EXECUTORS = ("local", "dask")
_SCHEDULER = re.compile(r"(?:tcp|tls)://(?:\[[0-9a-fA-F:.]+\]|[^\s/:@]+):([0-9]{1,5})")
_ADD_SCHEDULER = "write `scheduler: tcp://HOST:PORT` or tls://HOST:PORT"


def read_engine(node: Located | None) -> tuple[EngineSettings, list[Problem]]:
    """Return who computes; a cluster wants the address of its scheduler."""
    values, problems = typed_options(node, ENGINE)
    if node is None or node.entries is None:
        return EngineSettings(), problems
    executor, scheduler = str(values.get("executor", "local")), str(values.get("scheduler", ""))
    at_executor, at_scheduler = (node.entries.get(name, node) for name in ("executor", "scheduler"))
    if executor not in EXECUTORS:
        problems.append(at_executor.problem(f"`executor`: {executor!r} is none", f"write {' or '.join(EXECUTORS)}"))
    if scheduler and not _is_address(scheduler):
        problems.append(at_scheduler.problem("`scheduler` is not a scheduler's address", _ADD_SCHEDULER))
    if executor == "dask" and (at_scheduler is node or at_scheduler.is_empty):
        problems.append(node.problem("`scheduler` is missing", _ADD_SCHEDULER))
    if executor == "local" and scheduler:
        said = "`scheduler` is not used: the executor is `local`"
        problems.append(Problem(node.file, at_scheduler.line, said, "write `executor: dask`", "warning"))
    return EngineSettings(executor, scheduler, at_executor.line), problems


def _is_address(text: str) -> bool:
    match = _SCHEDULER.fullmatch(text)
    return match is not None and 0 < int(match[1]) <= 65_535
