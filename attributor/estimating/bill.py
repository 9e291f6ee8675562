"""The charges of a bill that estimates stand for: what they sum to, and the rows that hold them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from attributor.config.settings import Replaces
from attributor.lake.sql import identifier
from collectors.schema import CHARGES
from rules.facts import charge_fact, dimension
from rules.match import condition
from rules.matchers import columns_of
from rules.schema import ESTIMATES
from rules.sql import literal

BILL = "estimated_bill"
"""The view of the bills' days."""
_NEGATED = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "PricingQuantity",
    "PricingCurrencyEffectiveCost",
    "ConsumedQuantity",
    "CommitmentDiscountQuantity",
)


@dataclass(frozen=True)
class BilledSum:
    """What the replaced charges of a source's day sum to, by provider and service, in effective cost."""

    source: str
    day: date
    provider: str
    service: str
    currency: str
    billed: Decimal


Standing = Mapping[Replaces, Sequence[date]]
"""Which charges are stood for, and on which days."""


def billed_sums(connection: duckdb.DuckDBPyConnection, standing: Standing) -> tuple[BilledSum, ...]:
    """Return the effective cost of the charges of BILL that are stood for; a charge that two match counts once."""
    columns = CHARGES.names
    rows = connection.execute(
        f'SELECT "x_Source", "x_Day", {dimension("ProviderName", columns)}, {dimension("ServiceName", columns)},'
        f' "BillingCurrency", sum("EffectiveCost") FROM {BILL} WHERE {_stood_for(standing)} GROUP BY ALL ORDER BY ALL'
    ).fetchall()
    return tuple(BilledSum(*row) for row in rows)


def held_back(standing: Standing, source: str) -> str:
    """Return a query of rows that take the charges of a source that are stood for out of the total.

    Each is the charge itself with its amounts and quantities negated, so that every rule treats both alike; `x_Origin`
    says which charge it holds back.
    """
    changed = {
        **{name: f"-{identifier(name)}" for name in _NEGATED},
        "x_Source": literal(source + ESTIMATES),
        "x_Origin": "'held back: ' || coalesce(\"x_Origin\", '')",
    }
    columns = ", ".join(f"{changed.get(name, identifier(name))} AS {identifier(name)}" for name in CHARGES.names)
    return f'SELECT {columns} FROM {BILL} WHERE "x_Source" = {literal(source)} AND {_stood_for(standing)}'


def _stood_for(standing: Standing) -> str:
    alternatives = [
        f'("x_Source" = {literal(each.source)} AND "x_Day" IN ({_days(days)}) AND {_matched(each)})'
        for each, days in standing.items()
        if days
    ]
    return f"({' OR '.join(alternatives) or 'FALSE'})"


def _days(days: Sequence[date]) -> str:
    return ", ".join(f"DATE '{day}'" for day in sorted(days))


def _matched(replaces: Replaces) -> str:
    columns = {name: charge_fact(name, CHARGES.names) for name in columns_of(replaces.match)}
    return condition(replaces.match, columns)
