"""Required tags: how much of a month's cost has them, by account or team, and the money behind what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import Engine, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import tag_compliance
from attributor.money import plain, total
from attributor.periods import Month
from attributor.reports.costs import SeveralCurrenciesError
from attributor.reports.lines import ratio

TagsBy = Literal["account", "team"]
TAGS_BY: tuple[TagsBy, ...] = get_args(TagsBy)


@dataclass(frozen=True)
class TagMoney:
    """The effective cost of the charges that have a tag, and of those that lack it.

    `value` is the account or the team, "" for the whole month. `compliance` is present / (present + missing) to four
    decimals, None where that cost is 0.
    """

    value: str
    tag: str
    present: Decimal
    missing: Decimal
    compliance: Decimal | None


@dataclass(frozen=True)
class TagReport:
    """A UTC month's effective cost by required tag: `tags` of all, `rows` by account or team, most missing first.

    Present and missing of a tag sum exactly to `total`, in `tags` and over the rows. `currency` is "" where no tag was
    required of any charge.
    """

    period: Month
    currency: str
    by: TagsBy
    total: Decimal
    tags: tuple[TagMoney, ...]
    rows: tuple[TagMoney, ...]


def tag_report(engine: Engine, period: Month, by: TagsBy, currency: str | None = None) -> TagReport:
    """Sum what is published of the month; raise SeveralCurrenciesError where there is no single total."""
    table = tag_compliance.c
    within = (table.day >= period.first) & (table.day < period.end)
    if currency is not None:
        within &= table.currency == currency
    keys = (table.currency, table[by], table.tag)
    sums = (*money_sums(tag_compliance, "present"), *money_sums(tag_compliance, "missing"))
    with engine.connect() as connection:
        found = connection.execute(select(*keys, *sums).where(within).group_by(*keys)).all()
    currencies = tuple(sorted({row[0] for row in found}))
    if len(currencies) > 1:
        raise SeveralCurrenciesError(currencies)
    rows = _sorted(_money(row[1], row[2], joined(row[3], row[4]), joined(row[5], row[6])) for row in found)
    tags = _sorted(_of_all(tag, rows) for tag in {row.tag for row in rows})
    return TagReport(
        period=period,
        currency=currencies[0] if currencies else "",
        by=by,
        total=total((tags[0].present, tags[0].missing)) if tags else Decimal(0),
        tags=tags,
        rows=rows,
    )


def tags_document(report: TagReport) -> dict[str, Any]:
    """Return the JSON document; amounts and ratios are decimal strings."""
    return {
        "period": str(report.period),
        "currency": report.currency or None,
        "basis": "effective",
        "total": plain(report.total),
        "tags": [_document(row) for row in report.tags],
        "rows": [{report.by: row.value, **_document(row)} for row in report.rows],
    }


def _document(row: TagMoney) -> dict[str, str | None]:
    return {
        "tag": row.tag,
        "present": plain(row.present),
        "missing": plain(row.missing),
        "compliance": None if row.compliance is None else plain(row.compliance),
    }


def _of_all(tag: str, rows: tuple[TagMoney, ...]) -> TagMoney:
    mine = [row for row in rows if row.tag == tag]
    return _money("", tag, total(row.present for row in mine), total(row.missing for row in mine))


def _money(value: str, tag: str, present: Decimal, missing: Decimal) -> TagMoney:
    return TagMoney(value, tag, present, missing, ratio(present, total((present, missing))))


def _sorted(rows: Iterable[TagMoney]) -> tuple[TagMoney, ...]:
    return tuple(sorted(rows, key=lambda row: (row.missing.copy_negate(), row.value, row.tag)))
