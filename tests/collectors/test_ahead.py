"""Reading ahead: the items in their order, errors in their place, and nothing left running."""

from collections.abc import Generator
from contextlib import closing
from threading import Event, current_thread
from threading import enumerate as threads

import pytest

from collectors.files.ahead import ahead


def test_items_come_in_their_order_from_a_thread_of_their_own() -> None:
    def drawn() -> Generator[tuple[int, str]]:
        for number in range(10):
            yield number, current_thread().name

    found = list(ahead(drawn()))
    assert [number for number, _ in found] == list(range(10))
    assert all(name.startswith("read-ahead") for _, name in found)


def test_no_more_than_two_items_wait() -> None:
    begun: list[int] = []
    third = Event()

    def drawn() -> Generator[int]:
        for number in range(9):
            begun.append(number)
            if number == 2:
                third.set()
            yield number

    with closing(ahead(drawn())) as items:
        assert next(items) == 0
        assert third.wait(10)
        assert next(items) == 1
    assert len(begun) <= 4


def test_an_error_comes_after_the_items_before_it() -> None:
    def drawn() -> Generator[int]:
        yield 1
        raise EOFError("cut off")

    items = ahead(drawn())
    assert next(items) == 1
    with pytest.raises(EOFError, match="cut off"):
        next(items)


def test_leaving_early_closes_the_generator_and_its_thread() -> None:
    closed = Event()

    def drawn() -> Generator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = ahead(drawn())
    next(items)
    items.close()
    assert closed.is_set()
    assert not [thread for thread in threads() if thread.name.startswith("read-ahead")]
