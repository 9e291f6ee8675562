"""What was learned from people, as a JSON document."""

from typing import Any

from attributor.ledger.feedback import Feedback
from attributor.money import plain


def feedback_document(each: Feedback) -> dict[str, Any]:
    """Return one lesson; `amount` is what the alert came to, and the pattern fires again above twice that."""
    learned = each.learned
    return {
        "id": each.id,
        "pattern": learned.pattern,
        "lesson": learned.lesson,
        "until": None if learned.until is None else learned.until.isoformat(),
        "key": each.key,
        "amount": None if learned.amount is None else plain(learned.amount),
        "currency": learned.currency,
        "note": each.note,
        "by": learned.by,
        "at": each.given_at.isoformat(),
        "taken_back_by": each.taken_back_by,
        "taken_back_at": None if each.taken_back_at is None else each.taken_back_at.isoformat(),
    }
