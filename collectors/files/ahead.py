"""Reading ahead: the next rows of a file are unpacked and parsed by a thread while the last ones are converted."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

_AHEAD = 2
_END = object()
Item = TypeVar("Item")


def ahead(items: Generator[Item]) -> Generator[Item]:
    """Yield the items of a generator, which runs in a thread of its own and at most two items ahead.

    What the generator raises is raised in its place. Left early, it is closed when its present item is done.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        try:
            drawn = deque(pool.submit(next, items, _END) for _ in range(_AHEAD))
            while (item := drawn.popleft().result()) is not _END:
                drawn.append(pool.submit(next, items, _END))
                yield cast("Item", item)
        finally:
            pool.shutdown(cancel_futures=True)
            items.close()
