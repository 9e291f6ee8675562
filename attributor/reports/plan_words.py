"""What is said of a plan in a line."""

from collections.abc import Iterator
from decimal import Decimal

from attributor.money import shown
from attributor.reports.plan import Plan


def summary(report: Plan) -> str:
    """Return the line that says whether money moves, and how much of what."""
    basis, currency = report.request.basis, report.currency
    if not report.published:
        return f"Nothing is published of {report.request.period}."
    whole = f"{shown(report.total, currency)} {basis} cost of {report.request.period}"
    if not report.money_moves:
        return f"No money moves: all of {whole} stays where it is."
    if not report.moved:
        return f"No team gains or loses anything of {whole}, but money moves elsewhere."
    unattributed = report.unattributed.difference
    return f"{shown(report.moved, currency)} of {whole} moves between teams; {_unattributed(unattributed, currency)}."


def also_moves(report: Plan) -> Iterator[str]:
    """Yield a line for what moves besides: in other cost bases, and between projects, environments, cost centers."""
    currency = report.currency
    for word, amount in report.relabelled.items():
        yield f"{shown(amount, currency)} changes its {word.replace('_', ' ')}."
    for basis, amount in report.moved_by_basis.items():
        if basis != report.request.basis and bool(amount) != bool(report.moved):
            yield f"{shown(amount, currency)} of {basis} cost moves between teams: see `--basis {basis}`."


def _unattributed(difference: Decimal, currency: str) -> str:
    if not difference:
        return "what is unattributed stays the same"
    word = "more" if difference > 0 else "less"
    return f"{shown(difference.copy_abs(), currency)} {word} is unattributed"
