"""Who is being answered here and now, for what is shown on every page."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from attributor.web.access.visitor import Visitor


class Visiting:
    """Remembers who asks, for as long as a `by` lasts in a task or thread."""

    def __init__(self) -> None:
        self._visitor: ContextVar[Visitor | None] = ContextVar("visitor", default=None)

    @property
    def visitor(self) -> Visitor | None:
        """Who asks here and now; None where that was never found out."""
        return self._visitor.get()

    @contextmanager
    def by(self, visitor: Visitor) -> Iterator[None]:
        """Answer somebody until the block ends."""
        token = self._visitor.set(visitor)
        try:
            yield
        finally:
            self._visitor.reset(token)
