"""What the metrics say of the ledger, read at one moment: exact until it is exposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal

from sqlalchemy import Connection, Engine, func, select

from attributor.ledger.asking import Asked, month_asked
from attributor.ledger.engine import reading
from attributor.ledger.tables import alerts, outbox, rollup, runs
from attributor.money import total
from attributor.periods import month_of
from attributor.reports.controls import SourceControl, source_controls
from attributor.reports.costs import amounts, cost_sums, within
from attributor.reports.freshness import SourceFreshness, source_freshness
from attributor.reports.unpriced import tokens_by_source, unpriced_lines
from attributor.reports.variance import VarianceLine, variance_lines
from rules.ruleset import Team
from rules.schema import UNATTRIBUTED

_EXACT = Context(prec=60)

Costs = Mapping[tuple[str, str], Decimal]
"""Effective cost by (team, currency)."""

IdleCosts = Mapping[tuple[str, str, str], Decimal]
"""Effective cost of idle GPU capacity by (team, cause, currency): who answers for it, and why it was idle."""

_GPU_CAUSES = ("unallocated", "held", "low")


@dataclass(frozen=True)
class Figures:
    """The ledger at `now` (aware UTC).

    costs: the effective cost of now's UTC month so far. used: spent / monthly budget by team, for budgets above 0.
    unattributed: the share of that cost which no rule claims, by currency where the cost is above 0.
    estimated: the share of that cost which is estimated, likewise. variance: the month's days whose bill is complete,
    by provider and service.
    open_alerts: by (kind, severity). outbox: messages by state. controls: what is stored against the sources' files.
    unpriced: the month's tokens of unknown cost, by the source of the usage.
    asked: requests of this UTC month, by source. idle: effective cost of idle GPU capacity this month, by cause.
    """

    now: datetime
    costs: Costs
    used: Mapping[str, Decimal]
    unattributed: Mapping[str, Decimal]
    estimated: Mapping[str, Decimal]
    variance: Sequence[VarianceLine]
    sources: Sequence[SourceFreshness]
    open_alerts: Mapping[tuple[str, str], int]
    outbox: Mapping[str, int]
    last_run: datetime | None
    controls: Sequence[SourceControl] = ()
    unpriced: Mapping[str, Decimal] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(default_factory=dict)
    idle: IdleCosts = field(default_factory=dict)


def read_figures(engine: Engine, now: datetime, teams: Sequence[Team]) -> Figures:
    """Read everything in one transaction of thirteen small queries; raise SQLAlchemyError."""
    with reading(engine) as connection:
        costs = _month_costs(connection, now)
        return Figures(
            now=now,
            costs=costs,
            used=_used(costs, teams),
            unattributed=_unattributed(costs),
            estimated=_estimated(connection, costs, now),
            variance=variance_lines(connection, month_of(now.date()), ("provider", "service")).get("billed", ()),
            sources=source_freshness(connection, now),
            open_alerts=_open_alerts(connection),
            outbox=_outbox(connection),
            last_run=connection.scalar(select(func.max(runs.c.finished_at))),
            controls=source_controls(connection),
            unpriced=tokens_by_source(unpriced_lines(connection, month_of(now.date()))),
            asked=month_asked(connection, now),
            idle=_idle_costs(connection, now),
        )


def _month_costs(connection: Connection, now: datetime) -> dict[tuple[str, str], Decimal]:
    month = month_of(now.date())
    query = select(rollup.c.team, rollup.c.currency, *cost_sums("effective"))
    found = connection.execute(query.where(within(month.first, month.end)).group_by(rollup.c.team, rollup.c.currency))
    return {(row[0], row[1]): amounts(row, 2)[0] for row in found}


def _idle_costs(connection: Connection, now: datetime) -> dict[tuple[str, str, str], Decimal]:
    month = month_of(now.date())
    keys = (rollup.c.team, rollup.c.idle_cause, rollup.c.currency)
    query = select(*keys, *cost_sums("effective")).where(
        within(month.first, month.end), rollup.c.idle_cause.in_(_GPU_CAUSES)
    )
    return {(row[0], row[1], row[2]): amounts(row, 3)[0] for row in connection.execute(query.group_by(*keys))}


def _used(costs: Costs, teams: Sequence[Team]) -> dict[str, Decimal]:
    """Return the share of each budget that is spent, in the currency that most was spent in."""
    totals = _totals(costs)
    currency = min(totals, key=lambda name: (totals[name].copy_negate(), name), default="")
    return {
        team.id: _EXACT.divide(costs.get((team.id, currency), Decimal(0)), team.budget.monthly)
        for team in teams
        if team.budget is not None and team.budget.monthly > 0
    }


def _unattributed(costs: Costs) -> dict[str, Decimal]:
    return {
        currency: _EXACT.divide(costs.get((UNATTRIBUTED, currency), Decimal(0)), amount)
        for currency, amount in _totals(costs).items()
        if amount > 0
    }


def _estimated(connection: Connection, costs: Costs, now: datetime) -> dict[str, Decimal]:
    month = month_of(now.date())
    query = select(rollup.c.currency, *cost_sums("effective"))
    of_month = within(month.first, month.end) & (rollup.c.basis == "estimated")
    found = {
        row[0]: amounts(row, 1)[0] for row in connection.execute(query.where(of_month).group_by(rollup.c.currency))
    }
    return {
        currency: _EXACT.divide(found.get(currency, Decimal(0)), amount)
        for currency, amount in _totals(costs).items()
        if amount > 0
    }


def _totals(costs: Costs) -> dict[str, Decimal]:
    currencies = {currency for _, currency in costs}
    return {name: total(cost for (_, currency), cost in costs.items() if currency == name) for name in currencies}


def _open_alerts(connection: Connection) -> dict[tuple[str, str], int]:
    query = select(alerts.c.kind, alerts.c.severity, func.count()).where(alerts.c.status != "resolved")
    found = connection.execute(query.group_by(alerts.c.kind, alerts.c.severity))
    return {(kind, severity): count for kind, severity, count in found}


def _outbox(connection: Connection) -> dict[str, int]:
    query = select(outbox.c.state, func.count()).where(outbox.c.state != "sent").group_by(outbox.c.state)
    return {state: messages for state, messages in connection.execute(query)}  # noqa: C416 - dict() loses the types
