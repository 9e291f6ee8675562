"""What each rule claimed: money, teams and days, and the rules that claimed nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, Engine, func, select

from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.grouping import Grouping, grouping
from attributor.reports.lines import ratio
from attributor.reports.view import Frame, Heading, View, frame
from rules.outcomes import Activity, CostSplit, FixedSplit, Follow, Outcome, UsageSplit
from rules.ruleset import Rule


@dataclass(frozen=True)
class RuleClaim:
    """A rule and what it claimed in a period; `share` is of the period's cost, to four decimals.

    `method` is how it gives an owner. `is_known` False: charges were attributed by a rule of this name, which the
    rules in use do not have. `start` and `end` are the UTC days [start, end) on which it holds, None where not said.
    """

    name: str
    method: str
    file: str
    line: int
    start: date | None
    end: date | None
    cost: Decimal
    share: Decimal | None
    teams: int
    days: int
    is_known: bool


@dataclass(frozen=True)
class RuleClaims:
    """All rules in their order, then those that are no longer in the file; costs sum to `total` with `unclaimed`.

    So does `grouping`, which is None where the view names no group.
    """

    heading: Heading
    total: Decimal
    unclaimed: Decimal
    rules: tuple[RuleClaim, ...]
    grouping: Grouping | None

    @property
    def unused(self) -> tuple[RuleClaim, ...]:
        """The rules in use that claimed nothing in this period."""
        return tuple(rule for rule in self.rules if rule.is_known and not rule.days)


_Claimed = tuple[Decimal, int, int]


def rule_claims(engine: Engine, rules: Iterable[Rule], view: View) -> RuleClaims:
    """Return what each rule claimed in the view's period, basis, currency and filters; seven small queries."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        claimed, grouped = claims(connection, seen), grouping(connection, seen)
    known = tuple(rules)
    whole = total(cost for cost, _, _ in claimed.values())
    names = {rule.name for rule in known}
    lines = [_line(rule, claimed.get(rule.name), whole) for rule in known]
    lines += [_gone(name, claimed[name], whole) for name in sorted(claimed.keys() - names - {""})]
    return RuleClaims(seen.heading, whole, claimed.get("", (Decimal(0), 0, 0))[0], tuple(lines), grouped)


def claims(connection: Connection, seen: Frame) -> Mapping[str, _Claimed]:
    """Return cost, number of teams and number of days by rule; "" is what no rule claimed."""
    counts = (func.count(rollup.c.team.distinct()), func.count(rollup.c.day.distinct()))
    query = select(rollup.c.rule, *counts, *cost_sums(seen.view.basis)).group_by(rollup.c.rule)
    found = connection.execute(query.where(seen.this_period, seen.rows()))
    return {row[0]: (amounts(row, 3)[0], row[1], row[2]) for row in found}


def _line(rule: Rule, claimed: _Claimed | None, whole: Decimal) -> RuleClaim:
    cost, teams, days = claimed or (Decimal(0), 0, 0)
    return RuleClaim(
        rule.name,
        _method(rule.outcome),
        rule.file,
        rule.line,
        rule.start,
        rule.end,
        cost,
        ratio(cost, whole),
        teams,
        days,
        is_known=True,
    )


def _gone(name: str, claimed: _Claimed, whole: Decimal) -> RuleClaim:
    cost, teams, days = claimed
    return RuleClaim(name, "", "", 0, None, None, cost, ratio(cost, whole), teams, days, is_known=False)


def _method(outcome: Outcome) -> str:
    """Return how a rule gives an owner, in the words of the rules file."""
    if isinstance(outcome, UsageSplit):
        return f"split by {', '.join(driver.metric for driver in outcome.drivers)}"
    if isinstance(outcome, CostSplit):
        return "split by cost"
    if isinstance(outcome, FixedSplit):
        return f"split {outcome.method}"
    if isinstance(outcome, Activity):
        return "activity"
    if isinstance(outcome, Follow):
        return "follow"
    return "owner"
