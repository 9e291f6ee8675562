"""An amount explained from ledger and lake, for whoever asks: the command, a page or an assistant."""

from collections.abc import Callable

from sqlalchemy import Engine

from attributor.app.wiring import open_duckdb
from attributor.attributing.explaining import Asked, explain_days
from attributor.attributing.explaining_corrections import explain_corrections
from attributor.attributing.replaying import Archive
from attributor.lake.lake import Lake
from attributor.ledger.owner_filter import OwnerFilter
from attributor.reports.explanation import Explained, explained
from attributor.reports.owners import UnknownTeamError
from attributor.reports.redaction import redacted
from attributor.reports.subject import Subject


def explain_subject(archive: Archive, subject: Subject) -> tuple[Explained, ...]:
    """Explain an amount, one answer a currency."""
    asked = Asked(subject.team, subject.filters)
    days = explain_days(archive, asked, *subject.days)
    return explained(subject, days, explain_corrections(archive, asked, *subject.days))


def explainer(engine: Engine, lake: Lake, owners: OwnerFilter) -> Callable[[Subject], tuple[Explained, ...]]:
    """Return what explains: it reads everything, and tells whoever asks no more than they may see."""

    def explain(subject: Subject) -> tuple[Explained, ...]:
        seen = owners.owners
        if seen is not None and subject.team not in seen:
            raise UnknownTeamError(subject.team, ())
        with owners.seen_by(None), open_duckdb() as connection:
            found = explain_subject(Archive(engine, lake, connection), subject)
        return found if seen is None else tuple(redacted(each, seen) for each in found)

    return explain
