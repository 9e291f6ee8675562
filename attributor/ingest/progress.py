"""How long work tells what it has done; the command line draws it, the daemon logs it."""

from typing import Protocol


class Progress(Protocol):
    """One piece of long work."""

    def advance(self, amount: int = 1) -> None:
        """So much more is done."""


class Silent:
    """Progress that nobody looks at."""

    def advance(self, amount: int = 1) -> None:
        """Say nothing."""
