"""What a statement says of itself, beside its amounts."""

from collections.abc import Iterator

from attributor.reports.owner_statement import OwnerStatement
from attributor.reports.statement_rows import status
from attributor.web.formats import instant, month


def facts(report: OwnerStatement) -> Iterator[tuple[str, str]]:
    """Yield what a statement says of itself: a name and a value each."""
    found = report.finality
    yield "Statement", report.name
    yield "Month", month(report.month)
    yield "Status", status(found)
    if report.owner.kind == "team" and report.cost_center:
        yield "Cost center", report.cost_center
    if found.closed_at is not None:
        yield "Closed", f"{instant(found.closed_at)} by {found.closed_by}"
    elif report.seen_at is not None:
        yield "Seen", instant(report.seen_at)
    if found.rules is not None:
        since = f", in use since {instant(found.rules_since)}" if found.rules_since is not None else ""
        yield "Rules", f"{found.rules}{since}"
    if found.month_digest is not None:
        yield "Digest of the month", found.month_digest
    yield "Digest of this statement", report.digest
