"""How values are written for people: amounts, changes, shares, days, quantities."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Literal

from attributor.money import shown
from attributor.periods import Month
from attributor.reports.lines import ratio

_EXACT = Context(prec=60)
_UNITS = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Movement:
    """A change as it is read: its direction, the amount with its sign, and its percentage where there is one."""

    direction: Literal["up", "down", "level"]
    amount: str
    percent: str


def money(amount: Decimal, currency: str, decimals: int = 2) -> str:
    """Write an amount; one that is not nothing never reads as nothing."""
    text = shown(amount, currency, decimals)
    if amount and not decimals and amount.copy_abs() < 1:
        return money(amount, currency)
    if amount and amount.copy_abs() < _CENT / 2:
        return f"<{shown(_CENT, currency)}" if amount > 0 else f">{shown(_CENT.copy_negate(), currency)}"
    return text


def unit_price(amount: Decimal, currency: str) -> str:
    """Write what one of something costs: two decimals from 10 on, four below, six below a cent."""
    size = amount.copy_abs()
    return shown(amount, currency, 2 if size >= 10 or not size else 4 if size >= _CENT else 6)


def movement(change: Decimal, previous: Decimal, currency: str, decimals: int = 2) -> Movement:
    """Write a change against what it is a change of."""
    if not change:
        return Movement("level", "no change", "")
    sign = "+" if change > 0 else ""
    share = ratio(change, previous) if previous > 0 else None
    percent = (
        "new"
        if share is None and change > 0
        else ""
        if share is None
        else f"{'+' if share > 0 else ''}{percentage(share)}"
    )
    return Movement("up" if change > 0 else "down", f"{sign}{money(change, currency, decimals)}", percent)


def percentage(share: Decimal) -> str:
    """Write a ratio as a percentage: one decimal below 100, none from there on."""
    percent = _EXACT.multiply(share, Decimal(100))
    decimals = 0 if percent.copy_abs() >= 100 or percent == percent.to_integral_value() else 1
    return shown(percent, "", decimals).replace(" ", "") + " %"


def quantity(amount: Decimal) -> str:
    """Write a quantity with at most four digits that matter: 12.3M, 940, 1.25."""
    for unit, letter in _UNITS:
        if amount.copy_abs() >= unit:
            return f"{_short(_EXACT.divide(amount, unit))}{letter}"
    return _short(amount)


def day(value: date) -> str:
    """Write a UTC day: 13 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def short_day(value: date) -> str:
    """Write a UTC day within a known year: 13 Nov."""
    return f"{value.day} {value:%b}"


def month(value: Month) -> str:
    """Write a month: November 2026."""
    return f"{value.first:%B %Y}"


def instant(value: datetime) -> str:
    """Write a moment in UTC: 13 Nov 2026, 14:05 UTC."""
    return f"{day(value.date())}, {value:%H:%M} UTC"


def lag(hours: int) -> str:
    """Write how far something lies behind: under 1 h, 3 h, 2 d 5 h."""
    if not hours:
        return "under 1 h"
    days, rest = divmod(hours, 24)
    if not days:
        return f"{rest} h"
    return f"{days} d {rest} h" if rest else f"{days} d"


def duration(seconds: int) -> str:
    """Write how long something took: 45 s, 3 min 20 s."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def chart_label(label: str) -> str:
    """Write the ISO day or hour of an alert's chart shortly; any other label stays."""
    try:
        found = datetime.fromisoformat(label)
    except ValueError:
        return label
    return f"{short_day(found.date())}, {found:%H:%M}" if "T" in label else short_day(found.date())


def _short(amount: Decimal) -> str:
    size = amount.copy_abs()
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{amount.quantize(Decimal(1).scaleb(-decimals), context=_EXACT):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
