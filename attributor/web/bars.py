"""The bars that stand in tables, as positions in percent of their width: SVG draws them without any style."""

from dataclasses import dataclass
from decimal import Context, Decimal

from attributor.reports.outlook import BudgetLine

_EXACT = Context(prec=60)
_WHOLE = Decimal(100)


@dataclass(frozen=True)
class BudgetBar:
    """`filled` is the part spent, `ticks` the thresholds, `forecast` where the month is expected to end."""

    filled: str
    ticks: tuple[str, ...]
    forecast: str | None


def share_bar(part: Decimal, largest: Decimal) -> str:
    """Return how far a bar reaches where the largest one fills its place; nothing for what is not above 0."""
    return _position(part, largest) if part > 0 and largest > 0 else "0"


def budget_bar(line: BudgetLine) -> BudgetBar:
    """Return a budget's bar; its right end is the last threshold, or what is spent or expected where that is more."""
    expected = line.forecast.amount if line.forecast else Decimal(0)
    limits = [_EXACT.divide(_EXACT.multiply(line.budget, percent), _WHOLE) for percent in line.thresholds]
    end = max(line.spent, expected, line.budget, *limits)
    if end <= 0:
        return BudgetBar("100" if line.spent > 0 else "0", (), None)
    return BudgetBar(
        filled=share_bar(line.spent, end),
        ticks=tuple(_position(limit, end) for limit in limits if limit < end),
        forecast=_position(expected, end) if line.forecast and expected > 0 else None,
    )


def _position(part: Decimal, end: Decimal) -> str:
    percent = _EXACT.divide(_EXACT.multiply(part, _WHOLE), end)
    return f"{min(percent, _WHOLE).quantize(Decimal('0.1'), context=_EXACT)}"
