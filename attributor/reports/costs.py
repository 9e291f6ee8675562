"""The words that every report is asked in, and the sums they stand for in SQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, case, func, select

from attributor.ledger import rollup_parts
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup
from attributor.periods import days_between

Basis = Literal["effective", "billed", "list"]
BASES: tuple[Basis, ...] = ("effective", "billed", "list")
COST_COLUMNS: Mapping[Basis, str] = MappingProxyType(
    {"effective": "EffectiveCost", "billed": "BilledCost", "list": "ListCost"}
)
"""The charges' column of a basis."""

DIMENSIONS: Mapping[str, Column[Any]] = MappingProxyType(
    {
        "team": rollup.c.team,
        "service": rollup.c.service,
        "project": rollup.c.project,
        "environment": rollup.c.environment,
        "cost_center": rollup.c.cost_center,
        "provider": rollup.c.provider,
        "account": rollup.c.account,
        "model": rollup.c.model,
        "source": rollup.c.source,
        "category": rollup.c.category,
        "rule": rollup.c.rule,
        "corrects": rollup.c.corrects,
        "basis": rollup.c.basis,
        "day": rollup.c.day,
    }
)
"""What costs can be grouped by: the word that people write, and the rollup's column."""

LABELS = ("label", "tag", "dimension")
"""What may stand before a configured dimension: `label:KEY` in a group, `label[KEY]` in a filter."""

IS_OWN = rollup_parts.IS_OWN
"""The condition that a rollup row is of its own day, and not what came later of a closed month."""

Sums = tuple[ColumnElement[Any], ColumnElement[Any]]


class SeveralCurrenciesError(ValueError):
    """One total was asked for where charges are in several currencies and no rates are configured."""

    def __init__(self, currencies: tuple[str, ...]) -> None:
        names = ", ".join(currencies)
        super().__init__(f"charges are in several currencies ({names}) and without rates they have no single total")
        self.currencies = currencies


def parse_basis(text: str) -> Basis:
    """Read a cost basis; raise ValueError that lists the three otherwise."""
    if text not in BASES:
        raise ValueError(f"{text!r} is not a cost basis; write one of {', '.join(BASES)}")
    return text


def parse_dimensions(text: str, configured: Sequence[str] = ()) -> tuple[str, ...]:
    """Read "team,service", or a configured dimension; raise ValueError that lists what is possible otherwise.

    A configured dimension may be written as OpenCost writes a label, `label:KEY`.
    """
    known = (*DIMENSIONS, *configured)
    names = tuple(_plain(name.strip(), configured) for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        wrong = ", ".join(repr(name) for name in unknown) or "nothing"
        raise ValueError(f"cannot group by {wrong}; write one or more of {', '.join(known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{text!r} names a dimension twice")
    return names


def _plain(name: str, configured: Sequence[str]) -> str:
    kind, colon, key = name.partition(":")
    return key if colon and kind in LABELS and key in configured else name


def dimensions_of(text: str) -> Mapping[str, str]:
    """Return the configured dimensions that a rollup row has, by name."""
    found: Mapping[str, str] = json.loads(text) if text else {}
    return found


def within(start: date, end: date) -> ColumnElement[bool]:
    """Return the condition that a rollup row's UTC day is in [start, end)."""
    return (rollup.c.day >= start) & (rollup.c.day < end)


def on_days(start: date, end: date) -> ColumnElement[bool]:
    """Return the same condition as `within`, day by day: so an index on (day, team) finds one team without a scan."""
    return rollup.c.day.in_(tuple(days_between(start, end)))


def cost_sums(basis: Basis, condition: ColumnElement[bool] | None = None) -> Sums:
    """Return the two sums of a cost column to SELECT, of the rows that meet the condition."""
    if condition is None:
        return money_sums(rollup, basis)
    millionths, rest = rollup.c[f"{basis}_millionths"], rollup.c[f"{basis}_rest"]
    return (
        func.coalesce(func.sum(case((condition, millionths), else_=0)), 0),
        func.coalesce(func.sum(case((condition, rest), else_=0)), 0),
    )


def amounts(row: Sequence[Any], first: int, count: int = 1) -> tuple[Decimal, ...]:
    """Join `count` pairs of sums of a result row, beginning at column `first`."""
    return tuple(joined(row[at], row[at + 1]) for at in range(first, first + 2 * count, 2))


def currencies(connection: Connection, condition: ColumnElement[bool]) -> tuple[str, ...]:
    """Return the currencies of the rollup rows that meet the condition, in alphabetical order."""
    found = connection.scalars(select(rollup.c.currency).where(condition).distinct().order_by(rollup.c.currency))
    return tuple(found)
