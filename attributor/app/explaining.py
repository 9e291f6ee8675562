"""An amount explained from ledger and lake, for whoever asks: the command or a page."""

from attributor.attributing.explaining import Asked, explain_days
from attributor.attributing.explaining_corrections import explain_corrections
from attributor.attributing.replaying import Archive
from attributor.reports.explanation import Explained, explained
from attributor.reports.subject import Subject


def explain_subject(archive: Archive, subject: Subject) -> tuple[Explained, ...]:
    """Explain an amount, one answer a currency."""
    asked = Asked(subject.team, subject.filters)
    days = explain_days(archive, asked, *subject.days)
    return explained(subject, days, explain_corrections(archive, asked, *subject.days))
