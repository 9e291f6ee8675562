"""Work done by others, its results taken in the order in which it was given out."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    executor: Executor, work: Callable[[Item], Result], items: Sequence[Item], wait: Callable[[Future[Result]], Result]
) -> Iterator[Result]:
    """Yield what the work comes to for each item; `wait` takes the result of a future, or raises what it raised.

    Then, and where nobody takes the results any more, what has not begun is called back.
    """
    futures = [executor.submit(work, item) for item in items]
    try:
        for future in futures:
            yield wait(future)
    finally:
        for future in futures:
            future.cancel()
