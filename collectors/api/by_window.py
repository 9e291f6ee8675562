"""What sources that are asked a window at a time have in common, however they are asked."""

from datetime import timedelta

from collectors.base import SourceSettings, TableName
from collectors.last_reading import LastReading


class AskedByWindow(LastReading):
    """All of a Collector but its `collect` and `probe`."""

    def __init__(self, settings: SourceSettings, table: TableName, backfill: timedelta, restates: timedelta) -> None:
        self._name = settings.name
        self._table = table
        self._backfill = backfill
        self._restates = restates

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._name

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""
        return self._table

    @property
    def restates(self) -> timedelta:
        """How far back what was told before may change: it is asked for again."""
        return self._restates

    @property
    def backfill(self) -> timedelta:
        """How far back the first reading goes."""
        return self._backfill

    @property
    def holds_everything(self) -> bool:
        """False: it is asked for a window at a time."""
        return False

    def revision(self) -> str | None:
        """Return None: only asking can tell whether there is anything new."""
        return None
