"""The charges that one team owns whole, by resource, key and model: days of the lake, read where somebody asks why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa

from alerts.detect.drivers import OTHER
from attributor.attributing.usage_details import SAID
from attributor.lake.views import Pin, open_view
from attributor.watching.decided import decided, facts_of
from attributor.watching.driving.asked import Asked, PartCost
from attributor.watching.hourly import Read
from attributor.watching.spend import NOT_USAGE
from rules.facts import charge_fact, columns_in, dimension
from rules.rows import load_rows
from rules.ruleset import RuleSet
from rules.sql import literal

_CHARGES, _WANTED, _ROWS, _OWNED = "driver_charges", "driver_days", "driver_rows", "driver_owned"
_OF_CHARGES = ("model", "key", "resource", "feature", "account", "service")
_NAMED = (*_OF_CHARGES, "project")
_FINE = ("resource", "key")
_TOLD_APART = 300
"""So many resources and keys of a question are told apart, those that cost most; the others are one."""
_WANTED_SCHEMA = pa.schema(
    [
        *(pa.field("number", pa.int32()), pa.field("team", pa.string()), pa.field("service", pa.string())),
        *(pa.field("currency", pa.string()), pa.field("day", pa.date32()), pa.field("is_late", pa.bool_())),
    ]
)


@dataclass(frozen=True)
class OwnedCosts:
    """What a question's team owns whole: the parts, and what they come to by UTC day, days without cost left out."""

    parts: tuple[PartCost, ...]
    by_day: dict[date, Decimal]


def owned_costs(read: Read, ruleset: RuleSet, asked: Sequence[Asked]) -> list[OwnedCosts]:
    """Return for each question what its team owns by the rules in use, of what is collected now."""
    _open(read, ruleset, asked)
    _own(read, ruleset)
    by_day: list[dict[date, Decimal]] = [{} for _ in asked]
    sums = f"SELECT number, day, sum(cost) AS cost FROM {_OWNED} GROUP BY ALL HAVING cost <> 0"
    for number, day, cost in read.connection.execute(sums).fetchall():
        by_day[number][day] = cost
    parts: list[list[PartCost]] = [[] for _ in asked]
    for number, *values, cost, before in read.connection.execute(_folded()).fetchall():
        said = {name: value for name, value in zip(_NAMED, values, strict=True) if value}
        parts[number].append(PartCost(said, cost, before))
    return [OwnedCosts(tuple(found), days) for found, days in zip(parts, by_day, strict=True)]


def _open(read: Read, ruleset: RuleSet, asked: Sequence[Asked]) -> None:
    """Create the charges of the days, services and currencies asked of, added up by what rules and drivers see."""
    connection = read.connection
    load_rows(connection, _WANTED, _WANTED_SCHEMA, _wanted(asked))
    days = {day for each in asked for day in (*each.days, *each.before)}
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.charges.items() if day in days]
    open_view(read.lake, connection, _CHARGES, "charges", pins)
    available = columns_in(connection, _CHARGES)
    own = ", ".join(f"{expression} AS {name}" for name, expression in _expressions(ruleset, available).items())
    facts, left_out = facts_of(ruleset, available), ", ".join(map(literal, NOT_USAGE))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS} AS
        SELECT "BillingCurrency" AS currency, "x_Day" AS day, {own}{facts},
               sum("EffectiveCost") AS cost
        FROM {_CHARGES} c
        WHERE coalesce("ChargeCategory", '') NOT IN ({left_out}) AND EXISTS (
            SELECT 1 FROM {_WANTED} w WHERE w.day = c."x_Day" AND w.currency = c."BillingCurrency"
            AND w.service IN ('', coalesce(c."ServiceName", ''))
        )
        GROUP BY ALL
        """
    )


def _wanted(asked: Sequence[Asked]) -> Iterator[tuple[object, ...]]:
    for number, each in enumerate(asked):
        for days, is_late in ((each.days, True), (each.before, False)):
            yield from ((number, each.team, each.service, each.currency, day, is_late) for day in days)


def _expressions(ruleset: RuleSet, available: frozenset[str]) -> dict[str, str]:
    """Return the dimensions of a charge as expressions; what usage says of itself are its estimate's tags."""
    keys = ", ".join(charge_fact(f"tags.{name}", available) for name in SAID["key"])
    return {
        "service": dimension("ServiceName", available),
        "account": dimension("SubAccountId", available),
        "resource": dimension("ResourceId", available),
        "model": dimension(dict(ruleset.dimensions).get("Model", "Model"), available),
        "feature": f"coalesce({charge_fact('tags.feature', available)}, '')",
        "key": f"coalesce({keys}, '')",
    }


def _own(read: Read, ruleset: RuleSet) -> None:
    """Create the charges that the teams asked of own, each with the question that it belongs to."""
    connection = read.connection
    named = ", ".join(f"r.{name}" for name in _OF_CHARGES)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_OWNED} AS
        SELECT w.number, w.is_late, r.day, d.project, {named}, sum(r.cost) AS cost
        FROM {decided(connection, _ROWS, ruleset)}
        JOIN {_WANTED} w ON w.team = d.team AND w.day = r.day AND w.currency = r.currency
            AND w.service IN ('', r.service)
        GROUP BY ALL
        """
    )


def _folded() -> str:
    """Return a query of the parts: number, the dimensions, cost, cost before; rare resources and keys are one."""
    placed = ", ".join(
        f"{name}_place AS (SELECT number, {name}, row_number() OVER (PARTITION BY number"
        f" ORDER BY sum(abs(cost)) DESC, {name}) AS {name}_rank FROM {_OWNED} GROUP BY number, {name})"
        for name in _FINE
    )
    columns = ", ".join(map(_told_apart, _NAMED))
    joins = "".join(f" JOIN {name}_place USING (number, {name})" for name in _FINE)
    return (
        f"WITH {placed} SELECT number, {columns}, coalesce(sum(cost) FILTER (is_late), 0),"
        f" coalesce(sum(cost) FILTER (NOT is_late), 0) FROM {_OWNED}{joins} GROUP BY ALL ORDER BY ALL"
    )


def _told_apart(name: str) -> str:
    if name not in _FINE:
        return name
    return f"CASE WHEN {name}_rank <= {_TOLD_APART} THEN {name} ELSE {literal(OTHER)} END AS {name}"
