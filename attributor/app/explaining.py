"""An amount explained from ledger and lake, for whoever asks: the command, a page or an assistant."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, func, select

from attributor.app.wiring import open_duckdb
from attributor.attributing.explaining import Asked, explain_days
from attributor.attributing.explaining_corrections import explain_corrections
from attributor.attributing.kept_months import KeptMonths
from attributor.attributing.replaying import Archive, replay
from attributor.lake.lake import Lake
from attributor.ledger.editions import edition
from attributor.ledger.owner_filter import OwnerFilter
from attributor.ledger.tables import publications
from attributor.reports.explanation import Explained, explained
from attributor.reports.owners import UnknownTeamError
from attributor.reports.redaction import redacted
from attributor.reports.subject import Subject


def explain_subject(archive: Archive, subject: Subject) -> tuple[Explained, ...]:
    """Explain an amount, one answer a currency."""
    asked = Asked(subject.team, subject.filters)
    days = explain_days(archive, asked, *subject.days)
    return explained(subject, days, explain_corrections(archive, asked, *subject.days))


class Explainer:
    """Explains amounts: it reads everything, and tells whoever asks no more than they may see.

    What rules are given of whole months is kept from one question to the next.
    """

    def __init__(self, engine: Engine, lake: Lake, owners: OwnerFilter) -> None:
        self._engine = engine
        self._lake = lake
        self._owners = owners
        self._months = KeptMonths()
        self._read_ahead: str | None = None

    def __call__(self, subject: Subject) -> tuple[Explained, ...]:
        """Return one explanation a currency; raise UnknownTeamError for what whoever asks may not see."""
        seen = self._owners.owners
        if seen is not None and subject.team not in seen:
            raise UnknownTeamError(subject.team, ())
        with self._archive() as archive:
            found = explain_subject(archive, subject)
        return found if seen is None else tuple(redacted(each, seen) for each in found)

    def read_ahead(self) -> None:
        """Read the month of the last published day, unless that was done of the ledger's present edition."""
        with self._engine.connect() as connection:
            current = edition(connection)
            latest = connection.scalar(select(func.max(publications.c.day)))
        if latest is None or current == self._read_ahead:
            return
        with self._archive() as archive:
            for _ in replay(archive, (latest,), counts=True):
                self._read_ahead = current

    @contextmanager
    def _archive(self) -> Iterator[Archive]:
        with self._owners.seen_by(None), open_duckdb() as connection:
            yield Archive(self._engine, self._lake, connection, self._months)
