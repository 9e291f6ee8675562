"""Whether a month adds up, and what of it is not the bill's word yet."""

from typing import Any

from attributor.reports.questions.asked import Period, Question, QuestionError, month_asked
from attributor.reports.questions.books import Books
from attributor.reports.reconcile import reconcile, reconcile_document


class ReconcileQuestion(Question):
    """Which month."""

    period: Period = None


def answer_reconcile(books: Books, asked: ReconcileQuestion) -> dict[str, Any]:
    """Answer what `attributor reconcile` says, and whether nothing differs (`agrees`); raises QuestionError."""
    if not books.are_whole:
        raise QuestionError("whether a month adds up is of all teams together, and needs a token of finance or admin")
    month = month_asked(asked.period, books)
    found = reconcile(books.engine, month, books.invoiced(month))
    return {"agrees": found.agrees, **reconcile_document(found)}
