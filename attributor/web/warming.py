"""Reports that most readers ask for are read before anybody asks: the first one after a publication waits for none."""

from datetime import datetime

from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.shown_reports import (
    shown_budgets,
    shown_gpus,
    shown_models,
    shown_overview,
    shown_quality,
    shown_rules,
    shown_statements,
    shown_unit_costs,
)

_REST = 10


class Warming:
    """Reads the reports of every page as it is without a word in its address, for whoever may see all teams.

    At most an eleventh of the time goes into it: while days are published one after the other, it rests ten times as
    long as it worked.
    """

    def __init__(self, parts: SiteParts) -> None:
        self._parts = parts
        self._rests_until: datetime | None = None

    def warm(self) -> None:
        """Read what is not kept any more, unless it is time to rest; what is still kept takes no time."""
        now = self._parts.clock()
        if self._rests_until is not None and now < self._rests_until:
            return
        view = read_view(self._parts, {})
        for read in (
            shown_overview,
            shown_budgets,
            shown_gpus,
            shown_models,
            shown_unit_costs,
            shown_quality,
            shown_rules,
        ):
            read(self._parts, view)
        shown_statements(self._parts, None, now)
        ended = self._parts.clock()
        self._rests_until = ended + _REST * (ended - now)
