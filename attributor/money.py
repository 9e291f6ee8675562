"""Money is exact: one unit, 1e-12 of the currency, from the lake to the page."""

from collections.abc import Iterable
from decimal import Context, Decimal, DecimalException

SCALE = 12
UNITS_PER_ONE = 10**SCALE
_EXACT = Context(prec=60)


class InexactAmountError(ValueError):
    """An amount is finer than 1e-12 of its currency, or is no finite number."""


def to_units(amount: Decimal) -> int:
    """Return the amount as an integer of 1e-12 units; raise InexactAmountError where that would round."""
    try:
        scaled = amount.scaleb(SCALE, _EXACT)
        units = int(scaled)
    except (DecimalException, ValueError, OverflowError) as error:
        why = "out of range" if amount.is_finite() else "not a finite amount"
        raise InexactAmountError(f"{amount} is {why}") from error
    if units != scaled:
        raise InexactAmountError(f"{amount} is finer than 1e-12")
    return units


def from_units(units: int) -> Decimal:
    """Return an integer of 1e-12 units as a Decimal with twelve decimals."""
    return Decimal(units).scaleb(-SCALE, _EXACT)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum exactly, whatever the ambient decimal context; amounts are no finer than 1e-12."""
    return from_units(sum(to_units(amount) for amount in amounts))


def plain(amount: Decimal) -> str:
    """Write an amount as JSON carries it: a decimal string, no exponent, no superfluous zeros ("12.5", "0")."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def shown(amount: Decimal, currency: str = "USD", decimals: int = 2) -> str:
    """Write an amount as a person reads it: "$1,234.50", "−$3.00", "€12.00", "CHF 7.00"."""
    quantum = Decimal(1).scaleb(-decimals)
    rounded = amount.quantize(quantum, context=_EXACT)
    sign = "−" if rounded < 0 else ""
    symbol = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(currency, f"{currency} ")
    return f"{sign}{symbol}{abs(rounded):,.{decimals}f}"
