"""Why something moved, in words."""

from collections.abc import Sequence
from decimal import Decimal

from attributor.money import total
from attributor.reports.lines import Moved, ratio
from attributor.reports.movers import Mover
from attributor.reports.why_moved import MovePart
from attributor.web.formats import percentage

_MOST_NAMED = 2


def reason(line: Mover, part: MovePart) -> str:
    """Write the reason of a part of a change, beginning small."""
    rises = part.amount > 0
    words = {
        "contract": "purchases, taxes, credits",
        "new": f"new{_within(part.named)}",
        "gone": f"gone{_within(part.named)}",
        "rules": f"{'now' if rises else 'no longer'} by the rule {_listed(part.named)}",
        "tokens": f"{_tokens(line)}{'more' if rises else 'fewer'} tokens",
        "token_price": f"{'dearer' if rises else 'cheaper'} tokens, by price or mix",
        "volume": f"{'more' if rises else 'less'} used",
        "discount": f"{'less' if rises else 'more'} discount",
        "unknown": "more used, or dearer" if rises else "less used, or cheaper",
    }
    return words[part.reason]


def all_else(whole: Moved, lines: Sequence[Mover]) -> Moved:
    """Return how all else moved beside these lines; of its cost it says nothing."""
    previous = total((whole.previous, *(line.previous.copy_negate() for line in lines)))
    change = total((whole.change, *(line.change.copy_negate() for line in lines)))
    return Moved(Decimal(0), previous, change)


def _tokens(line: Mover) -> str:
    if line.tokens is None or not line.previous_tokens:
        return ""
    moved = ratio(line.tokens - line.previous_tokens, line.previous_tokens)
    return "" if moved is None else f"{percentage(abs(moved))} "


def _within(named: Sequence[str]) -> str:
    return f" in {_listed(named)}" if named else ""


def _listed(named: Sequence[str]) -> str:
    shown, more = list(named[:_MOST_NAMED]), len(named) - _MOST_NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
