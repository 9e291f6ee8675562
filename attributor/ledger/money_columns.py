"""One way to keep an exact amount in any SQL database.

SQLite has no decimal and its SUM overflows at 64 bits, so an amount is two integers: floor to millionths, and the
rest in [0, 10**6) of a millionth. Both sum without overflow up to 9.2 million millions, and join exactly.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Table, func

from attributor.money import from_units, to_units

_RESTS_PER_MILLIONTH = 10**6


def money_columns(name: str) -> tuple[Column[int], Column[int]]:
    """Return the two columns that hold the amount called `name`."""
    return (
        Column(f"{name}_millionths", BigInteger, nullable=False),
        Column(f"{name}_rest", BigInteger, nullable=False),
    )


def money_values(name: str, amount: Decimal) -> dict[str, int]:
    """Return the two columns' values for an INSERT; raise InexactAmountError for an amount finer than 1e-12."""
    millionths, rest = divmod(to_units(amount), _RESTS_PER_MILLIONTH)
    return {f"{name}_millionths": millionths, f"{name}_rest": rest}


def money_sums(table: Table, name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the two sums to SELECT; give them to `joined` in the same order."""
    return (
        func.coalesce(func.sum(table.c[f"{name}_millionths"]), 0).label(f"{name}_millionths"),
        func.coalesce(func.sum(table.c[f"{name}_rest"]), 0).label(f"{name}_rest"),
    )


def joined(millionths: Any, rest: Any) -> Decimal:
    """Join two columns, or two sums, to the amount."""
    return from_units(joined_units(millionths, rest))


def joined_units(millionths: Any, rest: Any) -> int:
    """Join two columns, or two sums, to the amount in units of 1e-12."""
    return int(millionths) * _RESTS_PER_MILLIONTH + int(rest)
