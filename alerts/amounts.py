"""Money as alerts write it: exact sums, rounded to cents once, at the end."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.01")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum exactly, whatever the ambient decimal context."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def times(amount: Decimal, factor: Decimal | int) -> Decimal:
    """Multiply without the ambient context's rounding."""
    return _EXACT.multiply(amount, Decimal(factor))


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """Return part / whole in percent with one decimal; `whole` is not zero."""
    return _EXACT.divide(_EXACT.multiply(part, Decimal(100)), whole).quantize(Decimal("0.1"), context=_EXACT)


def cents(amount: Decimal) -> Decimal:
    """Round half-even to two decimals."""
    return amount.quantize(_CENT, context=_EXACT)


def cents_of_estimate(estimate: float) -> Decimal:
    """Turn a statistic (a baseline, a band) into money, rounded to cents; never use it on a charge."""
    return cents(Decimal(repr(float(estimate))))


def shown(amount: Decimal, currency: str) -> str:
    """Write an amount as a person reads it: "$1,234.50", "−€3.00", "CHF 7.00"."""
    rounded = cents(amount)
    sign = "−" if rounded < 0 else ""
    symbol = _SYMBOLS.get(currency, f"{currency} " if currency else "")
    return f"{sign}{symbol}{abs(rounded):,.2f}"


def plain(amount: Decimal) -> str:
    """Write an amount as JSON carries it: a decimal string, no exponent, no superfluous zeros ("12.5", "0")."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def span(length: timedelta) -> str:
    """Write a length of time as a person reads it: "2 d 4 h", "90 min" as "1 h 30 min", "45 s"."""
    seconds = int(length.total_seconds())
    parts = ((seconds // 86_400, "d"), (seconds % 86_400 // 3600, "h"), (seconds % 3600 // 60, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"{seconds} s"
