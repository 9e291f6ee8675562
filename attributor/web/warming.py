"""What most readers ask for is made before anybody asks: the first one after a publication waits for nothing."""

from collections.abc import Callable
from datetime import datetime

from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.shown_reports import OF_A_VIEW, shown_statements

_REST = 10


class Warming:
    """Brings the copy in columns up to date, and reads every page's report as it is without a word in its address.

    It reads them for whoever may see all teams, and must itself be called where everything may be read. `read_further`
    reads what comes after the pages: it must know itself whether that is needed.

    At most an eleventh of the time goes into it: while days are published one after the other, it rests ten times as
    long as it worked.
    """

    def __init__(self, parts: SiteParts, read_further: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._read_further = read_further
        self._rests_until: datetime | None = None

    def warm(self) -> None:
        """Copy and read what is not so any more, unless it is time to rest; what is still so takes no time."""
        began = self._parts.clock()
        if self._rests_until is not None and began < self._rests_until:
            return
        began = self._followed(began)
        try:
            self._read(began)
        finally:
            ended = self._parts.clock()
            self._rests_until = ended + _REST * (ended - began)

    def _read(self, now: datetime) -> None:
        view = read_view(self._parts, {})
        for read in OF_A_VIEW:
            read(self._parts, view)
        shown_statements(self._parts, None, now)
        self._read_further()

    def _followed(self, began: datetime) -> datetime:
        """Return when what is rested for began: not the first copy of all, which is made once and takes its time."""
        mirror = self._parts.mirror
        if mirror is None:
            return began
        is_first = not mirror.holds_a_copy
        mirror.follow()
        return self._parts.clock() if is_first else began
