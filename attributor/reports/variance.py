"""Variance: how far estimates were from the bill that took their place, and what is estimated still."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import estimated_days, estimates
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Month, Period
from attributor.reports.document import document
from attributor.reports.lines import ratio
from attributor.reports.unpriced import UnpricedLine, unpriced_lines

VARIANCE_DIMENSIONS: Mapping[str, Column[Any]] = MappingProxyType(
    {
        "provider": estimates.c.provider,
        "service": estimates.c.service,
        "source": estimates.c.source,
        "day": estimates.c.day,
    }
)
"""What variance can be grouped by; `source` is that of the bill."""


@dataclass(frozen=True)
class VarianceLine:
    """One group in one currency. `values` are in the order of `Variance.by`; `billed` is effective cost."""

    values: tuple[str, ...]
    currency: str
    estimated: Decimal
    billed: Decimal

    @property
    def difference(self) -> Decimal:
        """Billed less estimated: above 0 where the bill was higher."""
        return from_units(to_units(self.billed) - to_units(self.estimated))


@dataclass(frozen=True)
class Variance:
    """A UTC month.

    `rows` are the days whose bill is complete, and sum to `totals`, one a currency. `open` are days that count by their
    estimate; there `billed` is what of the bill is held back. `beside` are estimates that stand for no bill. `unpriced`
    is usage that should have an estimate and has no price.
    """

    period: Month
    by: tuple[str, ...]
    rows: tuple[VarianceLine, ...]
    open: tuple[VarianceLine, ...]
    beside: tuple[VarianceLine, ...]
    unpriced: tuple[UnpricedLine, ...] = ()

    @property
    def totals(self) -> tuple[VarianceLine, ...]:
        """The sums of the rows by currency."""
        return tuple(
            VarianceLine(
                (),
                currency,
                total(row.estimated for row in self.rows if row.currency == currency),
                total(row.billed for row in self.rows if row.currency == currency),
            )
            for currency in sorted({row.currency for row in self.rows})
        )


def parse_variance_dimensions(text: str) -> tuple[str, ...]:
    """Read "provider,service"; raise ValueError that lists what is possible otherwise."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or set(names) - VARIANCE_DIMENSIONS.keys() or len(set(names)) < len(names):
        raise ValueError(f"cannot group by {text!r}; write one or more of {', '.join(VARIANCE_DIMENSIONS)}, each once")
    return names


def variance(engine: Engine, period: Month, by: tuple[str, ...] = ("provider", "service")) -> Variance:
    """Sum estimates and bills of a month by words of VARIANCE_DIMENSIONS; largest difference first, signs aside."""
    with engine.connect() as connection:
        found = variance_lines(connection, period, by)
        unpriced = unpriced_lines(connection, period)
    return Variance(
        period=period,
        by=by,
        rows=_sorted(found.get("billed", ()), _size_of_difference),
        open=_sorted(found.get("estimated", ()), _size_of_estimate),
        beside=_sorted(found.get("beside", ()), _size_of_estimate),
        unpriced=unpriced,
    )


def variance_lines(
    connection: Connection, period: Period, by: tuple[str, ...], kept: ColumnElement[bool] | None = None
) -> dict[str, list[VarianceLine]]:
    """Return the lines of a period (of the kept rows of `estimates`) by the state of their days; one query."""
    columns = [VARIANCE_DIMENSIONS[name] for name in by]
    keys = (estimated_days.c.state, *columns, estimates.c.currency)
    of_day = (estimates.c.source == estimated_days.c.source) & (estimates.c.day == estimated_days.c.day)
    query = select(*keys, *money_sums(estimates, "estimated"), *money_sums(estimates, "billed")).join(
        estimated_days, of_day
    )
    within = (estimates.c.day >= period.first) & (estimates.c.day < period.end)
    within = within if kept is None else within & kept
    found: dict[str, list[VarianceLine]] = {}
    for row in connection.execute(query.where(within).group_by(*keys)):
        values = tuple(_text(value) for value in row[1 : len(by) + 1])
        line = VarianceLine(values, row.currency, joined(row[-4], row[-3]), joined(row[-2], row[-1]))
        found.setdefault(row.state, []).append(line)
    return found


def variance_document(report: Variance) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings, `ratio` is difference / estimated or null."""
    return {
        "period": str(report.period),
        "by": list(report.by),
        "rows": [{**_named(report.by, row), **_compared(row)} for row in report.rows],
        "totals": [_compared(row) for row in report.totals],
        "open": [
            {
                **_named(report.by, row),
                "currency": row.currency,
                "estimated": plain(row.estimated),
                "held_back": plain(row.billed),
            }
            for row in report.open
        ],
        "beside": [
            {**_named(report.by, row), "currency": row.currency, "estimated": plain(row.estimated)}
            for row in report.beside
        ],
        "unpriced": document(report.unpriced),
    }


def _named(by: tuple[str, ...], row: VarianceLine) -> dict[str, str]:
    return dict(zip(by, row.values, strict=True))


def _compared(row: VarianceLine) -> dict[str, str | None]:
    share = ratio(row.difference, row.estimated)
    return {
        "currency": row.currency,
        "estimated": plain(row.estimated),
        "billed": plain(row.billed),
        "difference": plain(row.difference),
        "ratio": None if share is None else plain(share),
    }


def _sorted(lines: Iterable[VarianceLine], size: Callable[[VarianceLine], Decimal]) -> tuple[VarianceLine, ...]:
    return tuple(sorted(lines, key=lambda line: (size(line).copy_negate(), line.values, line.currency)))


def _size_of_difference(line: VarianceLine) -> Decimal:
    return line.difference.copy_abs()


def _size_of_estimate(line: VarianceLine) -> Decimal:
    return line.estimated


def _text(value: str | date) -> str:
    return value if isinstance(value, str) else value.isoformat()
