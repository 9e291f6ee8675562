"""What policy rules are held against, read only as far as some rule asks for it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from alerts.detect.policies.daily import LOOK_BACK
from alerts.detect.policies.policies import breaches_of
from alerts.detect.policies.rules import Breach, DayUse, Held, PolicyRule
from alerts.detect.spend_series import SpendSeries
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import usage_rollup
from attributor.watching.hourly import Read, hourly_usage
from attributor.watching.hourly_spend import hourly_spend
from rules.ruleset import RuleSet
from rules.schema import UNATTRIBUTED

_HOURS_BACK = timedelta(days=4)
"""Hours of two days are judged, and held against the day before."""
_USUAL = timedelta(days=30)
"""How far before the days that are judged their usual is taken from."""


def policy_breaches(
    engine: Engine,
    read: Read,
    ruleset: RuleSet,
    rules: Sequence[PolicyRule],
    series: Sequence[SpendSeries],
    now: datetime,
) -> list[Breach]:
    """Return what passed the policy rules, oldest first; `series` are what the spend detector judges."""
    if not rules:
        return []
    kinds = {rule.kind for rule in rules}
    first = (now - _HOURS_BACK).date()
    by_hour = _metrics(rules, {"request_cost", "metric"})
    held = Held(
        spend=series,
        hours=hourly_spend(read, ruleset, first) if kinds & {"hour", "request_cost"} else (),
        budgets={team.id: team.budget.monthly for team in ruleset.teams if team.budget is not None},
        days_of_use=days_of_use(engine, _metrics(rules, {"unit_cost", "expensive_share"}), now),
        hours_of_use=[use for use in hourly_usage(read, ruleset, first, by_hour) if use.team != UNATTRIBUTED],
    )
    return breaches_of(rules, held, now)


def days_of_use(engine: Engine, metrics: Iterable[str], now: datetime) -> list[DayUse]:
    """Return what each team used of the metrics by day and model; usage without a team is left out."""
    named = sorted(metrics)
    if not named:
        return []
    keys = (usage_rollup.c.team, usage_rollup.c.metric, usage_rollup.c.pool, usage_rollup.c.model, usage_rollup.c.day)
    kept = usage_rollup.c.metric.in_(named) & (usage_rollup.c.day >= (now - LOOK_BACK - _USUAL).date())
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(kept, usage_rollup.c.team != UNATTRIBUTED)
    with engine.connect() as connection:
        return [
            DayUse(row.team, row.metric, row.pool, row.model, row.day, joined(row[5], row[6]))
            for row in connection.execute(query.group_by(*keys))
        ]


def _metrics(rules: Iterable[PolicyRule], kinds: set[str]) -> set[str]:
    return {rule.metric for rule in rules if rule.kind in kinds}
