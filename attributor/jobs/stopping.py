"""How the daemon is asked to end, and how long work hears of it: between two pieces, each of which is whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequestedError(Exception):
    """The daemon ends; what was published stands, and the rest is done at the next start."""


@dataclass(frozen=True)
class Interruptible:
    """Progress that nobody looks at, and that ends the work it belongs to once `asked` is set."""

    asked: Event

    def advance(self, amount: int = 1) -> None:  # noqa: ARG002 - the protocol's parameter
        """Raise StopRequestedError where the daemon was asked to end."""
        if self.asked.is_set():
            raise StopRequestedError


@contextmanager
def stop_signals(asked: Event) -> Iterator[None]:
    """Set `asked` on SIGTERM and SIGINT, however often they come, until the end of the block; main thread only."""
    before = {number: signal.signal(number, lambda *_: asked.set()) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
