"""Runs `attributor run` in forked children and kills them with signal 9 at given moments.

    python crashing.py FOLDER MOMENT …      MOMENT: after:SECONDS, or before:MODULE:FUNCTION:CALL

One company folder a moment: FOLDER/0, FOLDER/1, … Forking from one process that has imported everything makes a
moment cost what the run costs, and hits the run itself instead of its imports.
"""

import importlib
import os
import signal
import sys
import time
from pathlib import Path

from attributor.cli.main import COMMANDS, attributor

for _place in COMMANDS.values():
    importlib.import_module(_place.partition(":")[0])


def run(folder: Path) -> None:
    """Run the command in this process and end it, without the parent's clean-up."""
    os.chdir(folder)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        attributor(["run"], prog_name="attributor", standalone_mode=False)
    finally:
        os._exit(0)


def die_before(module: str, function: str, call: int) -> None:
    """Let the process kill itself when it calls the function for the so-manieth time."""
    home = importlib.import_module(module)
    real = getattr(home, function)
    calls = 0

    def deadly(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    setattr(home, function, deadly)


def crash(folder: Path, moment: str) -> bool:
    """Run once and die at the moment; return whether it was killed, rather than faster than its death."""
    kind, _, where = moment.partition(":")
    child = os.fork()
    if child == 0:
        if kind == "before":
            module, function, call = where.split(":")
            die_before(module, function, int(call))
        run(folder)
    if kind == "after":
        time.sleep(float(where))
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main() -> None:
    """Crash at every moment, run again undisturbed, and say which moments did kill."""
    root = Path(sys.argv[1])
    for number, moment in enumerate(sys.argv[2:]):
        killed = crash(root / str(number), moment)
        again = os.fork()
        if again == 0:
            run(root / str(number))
        os.waitpid(again, 0)
        print(f"{moment} {'killed' if killed else 'too late'}", flush=True)


if __name__ == "__main__":
    main()
