"""The shared costs of a statement: which part of what, by which rule, weighed by what."""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_rollup
from attributor.money import total
from attributor.periods import Month, days_between
from attributor.reports.costs import IS_OWN, amounts, cost_sums, on_days
from attributor.reports.rule_basis import Metric, RuleBasis, rule_basis, shared_basis
from attributor.reports.statement_lines import IS_SHARED, Costs, SharedLine, Weight, by_currency, grouped
from rules.ruleset import RuleSet

_EXACT = Context(prec=60)
_SHARE = Decimal("0.000001")
Values = Mapping[str, Any]
"""A row's columns by name."""
Key = tuple[str, str, str]
"""Currency, rule and shared step: with a step, what that step passed on, whatever the rule."""


def shared_lines(
    connection: Connection, ruleset: RuleSet | None, keep: ColumnElement[bool], month: Month
) -> Mapping[str, tuple[SharedLine, ...]]:
    """Return the kept rows that are parts of shared costs, by currency, the most expensive first.

    What the owner's part is a part of is read over all owners of the month.
    """
    table = rollup.c
    columns = (table.team, table.cost_center, table.rule, table.method, table.shared_step, table.idle_cause)
    found = grouped(connection, (*columns, table.fallback), keep & IS_SHARED)
    wholes = _wholes(connection, month, [values for _, values, _ in found])
    bases = [_basis(ruleset, values) for _, values, _ in found]
    used = _used(connection, month, {each.metric for basis in bases for each in basis.metrics})
    return by_currency(
        (currency, _line(values, costs, wholes[_key(currency, values)], basis, used))
        for (currency, values, costs), basis in zip(found, bases, strict=True)
    )


def _key(currency: str, values: Values) -> Key:
    step = values["shared_step"]
    return (currency, "", step) if step else (currency, values["rule"], "")


def _basis(ruleset: RuleSet | None, values: Values) -> RuleBasis:
    if values["shared_step"]:
        return shared_basis(ruleset, values["shared_step"])
    return rule_basis(ruleset, values["rule"], values["method"])


def _wholes(connection: Connection, month: Month, found: Sequence[Values]) -> Mapping[Key, Decimal]:
    """Return what each rule split, and each step passed on, to anybody: effective cost of the month."""
    rules = {values["rule"] for values in found if not values["shared_step"]}
    steps = {values["shared_step"] for values in found if values["shared_step"]}
    named = or_(rollup.c.rule.in_(rules), rollup.c.shared_step.in_(steps))
    columns = (rollup.c.currency, rollup.c.rule, rollup.c.shared_step)
    query = select(*columns, *cost_sums("effective")).where(on_days(month.first, month.end), IS_OWN, named)
    parts: dict[Key, list[Decimal]] = {}
    for row in connection.execute(query.group_by(*columns)) if found else ():
        cost = amounts(row, 3)[0]
        parts.setdefault((row.currency, row.rule, ""), []).append(cost)
        if row.shared_step:
            parts.setdefault((row.currency, "", row.shared_step), []).append(cost)
    return {key: total(costs) for key, costs in parts.items()}


Used = Mapping[tuple[str, str, str], Decimal]
"""The month's quantities by metric, pool and team."""


def _used(connection: Connection, month: Month, metrics: set[str]) -> Used:
    columns = (usage_rollup.c.metric, usage_rollup.c.pool, usage_rollup.c.team)
    days = usage_rollup.c.day.in_(tuple(days_between(month.first, month.end)))
    query = select(*columns, *money_sums(usage_rollup, "quantity")).where(days, usage_rollup.c.metric.in_(metrics))
    rows = connection.execute(query.group_by(*columns)) if metrics else ()
    return {(row.metric, row.pool, row.team): joined(row[3], row[4]) for row in rows}


def _line(values: Values, costs: Costs, whole: Decimal, basis: RuleBasis, used: Used) -> SharedLine:
    share = _EXACT.divide(costs.effective, whole).quantize(_SHARE, context=_EXACT) if whole else None
    weights = () if values["idle_cause"] else _weights(values["team"], basis, used)
    told: dict[str, Any] = {"whole": whole, "share": share, "basis": basis.words, "weights": weights}
    return SharedLine(**values, **told, costs=costs, file=basis.file, line=basis.line)


def _weights(team: str, basis: RuleBasis, used: Used) -> tuple[Weight, ...]:
    """Return what a team was weighed by; capacity that nobody used was weighed by nothing."""
    if basis.weights is not None:
        return (Weight("", None, basis.weights.get(team, Decimal(0)), total(basis.weights.values())),)
    found = ((each, *_sums(team, each, used)) for each in basis.metrics)
    return tuple(Weight(each.metric, each.pool, quantity, whole) for each, quantity, whole in found if whole)


def _sums(team: str, metric: Metric, used: Used) -> tuple[Decimal, Decimal]:
    """Return the team's quantity, and that of all who take part."""
    rows = [
        (who, quantity)
        for (of, pool, who), quantity in used.items()
        if of == metric.metric and metric.pool in {None, pool} and (not metric.among or who in metric.among)
    ]
    return total(quantity for who, quantity in rows if who == team), total(quantity for _, quantity in rows)
