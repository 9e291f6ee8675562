"""A source that is asked by HTTP, a window at a time: everything but what is asked and what the answer means."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from collectors.api.session import Session, Terms, opened_session
from collectors.api.windowed import Answered, WindowedCollector, WindowedSource, over_there
from collectors.api.windows import DAY
from collectors.base import SourceSettings, TableName, Window
from collectors.http import Server

__all__ = ["Answered", "ApiCollector", "ApiSource"]


@dataclass(frozen=True)
class ApiSource:
    """One configured API.

    `fetch` asks for a piece of at most `piece` and yields what was answered; spans that it does not yield are gaps.
    `unit` is what the API counts by (an hour or a day), `settles` how long after its end a unit is complete.
    `permission` is what reading needs, in the provider's words.
    """

    settings: SourceSettings
    table: TableName
    server: Server
    fetch: Callable[[Session, Window], Iterator[Answered]]
    permission: str
    unit: timedelta = DAY
    piece: timedelta = 31 * DAY
    backfill: timedelta = 31 * DAY
    restates: timedelta = 3 * DAY
    settles: timedelta = timedelta()
    terms: Terms = field(default_factory=Terms)


class ApiCollector(WindowedCollector[Session]):
    """The Collector of an API."""

    def __init__(self, source: ApiSource) -> None:
        super().__init__(
            WindowedSource(
                settings=source.settings,
                table=source.table,
                shown=source.server.shown,
                opened=partial(opened_session, source.server, source.terms, source.settings.clock),
                fetch=over_there(source.fetch, Session.now, source.settles),
                permissions=(source.permission,),
                unit=source.unit,
                piece=source.piece,
                backfill=source.backfill,
                restates=source.restates,
                settles=source.settles,
            )
        )
