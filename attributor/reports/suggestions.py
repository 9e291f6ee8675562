"""Suggested rules with the money behind each, and the owner values that name no team."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, unmatched_owners
from attributor.money import from_units, plain, shown, to_units
from attributor.periods import Month
from attributor.reports.costs import IS_OWN, SeveralCurrenciesError, amounts, cost_sums, currencies, within
from rules.ruleset import Team
from rules.schema import UNATTRIBUTED
from rules.suggesting.drafts import NEARLY, PLACEHOLDER, nearest_team, quoted
from rules.suggesting.suggest import Suggested, Suggestion

_MOST_COMPARED = 200
"""Values that are held against every team's name, the most expensive first."""


@dataclass(frozen=True)
class UnknownValue:
    """An owner value that names no team, the effective cost of the charges that have it, and the nearest team or ""."""

    column: str
    value: str
    amount: Decimal
    nearest: str


@dataclass(frozen=True)
class Suggestions:
    """Suggestions for a month in one currency.

    `suggested` is of what no rule claims. `by_rules` is what else is unattributed: rules that found nobody to give it.
    """

    period: Month
    currency: str
    suggested: Suggested
    by_rules: Decimal
    values: tuple[UnknownValue, ...]


def currency_of(engine: Engine, period: Month, asked: str | None) -> str:
    """Return a month's one currency, or the one asked for; raise SeveralCurrenciesError where one must be chosen."""
    with engine.connect() as connection:
        found = currencies(connection, within(period.first, period.end))
    if asked is None and len(found) > 1:
        raise SeveralCurrenciesError(found)
    return asked or (found[0] if found else "")


def suggestions(
    engine: Engine, period: Month, currency: str, suggested: Suggested, teams: tuple[Team, ...]
) -> Suggestions:
    """Put what is suggested beside what the ledger says of the month."""
    with engine.connect() as connection:
        by_rules = _left_by_rules(connection, period, currency)
        values = tuple(_values(connection, period, currency, teams))
    return Suggestions(period, currency, suggested, by_rules, values)


def suggestions_document(report: Suggestions) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    found = report.suggested
    return {
        "period": str(report.period),
        "currency": report.currency or None,
        "unclaimed": plain(from_units(found.unclaimed)),
        "suggested": plain(from_units(found.unclaimed - found.left)),
        "left": plain(from_units(found.left)),
        "unattributed_by_rules": plain(report.by_rules),
        "suggestions": [_document(one) for one in found.suggestions],
        "unknown_values": [
            {"column": one.column, "value": one.value, "amount": plain(one.amount), "nearest": one.nearest or None}
            for one in report.values
        ],
    }


def suggestions_yaml(report: Suggestions) -> str:
    """Return the rules as YAML to paste behind one's own, the money as comments."""
    money, found = report.currency, report.suggested
    lines = [
        f"# {report.period}: {shown(from_units(found.unclaimed), money)} is claimed by no rule; behind your own rules",
        f"# these would leave {shown(from_units(found.left), money)}. {PLACEHOLDER} stands where nobody is known.",
        "rules:" if found.suggestions else "rules: []",
    ]
    for one in found.suggestions:
        label = " ".join(one.draft.candidate.label.split())
        lines.append(f"  # {shown(from_units(one.units), money)}{f', {label}' if label else ''}")
        if one.alias:
            lines.append(f"  # or: {quoted(one.draft.candidate.value)} among the `aliases` of team {one.alias}")
        lines.append(one.draft.yaml.rstrip("\n"))
    return "\n".join(lines) + "\n"


def _document(one: Suggestion) -> dict[str, Any]:
    candidate = one.draft.candidate
    return {
        "kind": candidate.kind,
        "column": candidate.column,
        "value": candidate.value,
        "begins": candidate.begins,
        "label": candidate.label or None,
        "amount": plain(from_units(one.units)),
        "owner": one.draft.owner or None,
        "alias_of": one.alias or None,
        "rule": one.draft.name,
        "yaml": one.draft.yaml,
    }


def _left_by_rules(connection: Connection, period: Month, currency: str) -> Decimal:
    condition = within(period.first, period.end) & (rollup.c.currency == currency) & IS_OWN
    left = (rollup.c.team == UNATTRIBUTED) & (rollup.c.rule != "")
    row = connection.execute(select(*cost_sums("effective")).where(condition, left)).one()
    return amounts(row, 0)[0]


def _values(connection: Connection, period: Month, currency: str, teams: tuple[Team, ...]) -> Iterator[UnknownValue]:
    keys = (unmatched_owners.c.column_name, unmatched_owners.c.value)
    in_month = (unmatched_owners.c.day >= period.first) & (unmatched_owners.c.day < period.end)
    rows = connection.execute(
        select(*keys, *money_sums(unmatched_owners, "effective"))
        .where(in_month, unmatched_owners.c.currency == currency)
        .group_by(*keys)
    ).all()
    found = [(row[0], row[1], joined(row[2], row[3])) for row in rows]
    found.sort(key=lambda one: (-abs(to_units(one[2])), one[:2]))
    for at, (column, value, amount) in enumerate(found):
        yield UnknownValue(column, value, amount, nearest_team(value, teams, NEARLY) if at < _MOST_COMPARED else "")
