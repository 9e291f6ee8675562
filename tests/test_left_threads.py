"""The guard over all modules of tests tells of a thread that would go on beside the tests of others."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, cast

import left_threads
import pytest


def end_of_module(guard: left_threads.LeftThreads) -> None:
    last = cast(Any, SimpleNamespace(path=Path("test_this.py")))
    hook = guard.pytest_runtest_teardown(last, None)
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(None)


def test_a_module_that_leaves_a_thread_at_work_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_threads, "PATIENCE", 0.1)
    guard, ended = left_threads.LeftThreads(), Event()
    thread = Thread(target=ended.wait, name="goes on")
    thread.start()
    try:
        with pytest.raises(AssertionError, match=r"test_this\.py leaves running: goes on"):
            end_of_module(guard)
    finally:
        ended.set()
        thread.join()


def test_threads_that_end_or_wait_for_work_are_let_be() -> None:
    guard = left_threads.LeftThreads()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        Thread(target=Event().wait, args=(0.1,)).start()
        end_of_module(guard)
