"""The team report: what a team costs, against what budget, made of what, and who to ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Engine, select

from attributor.ledger.tables import rollup
from attributor.reports.categories import IS_USAGE, CategoryLine, category_lines, fixed_costs
from attributor.reports.consumption import ModelLine, PoolLine, model_lines, pool_lines, quantities
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.grouping import Grouping, grouping
from attributor.reports.lines import CostLine, cost_lines, summed
from attributor.reports.open_alerts import OpenAlert, open_alerts
from attributor.reports.outlook import NO_SPEND, BudgetLine, Outlook, budget_line, burn_rate, daily_spend, month_outlook
from attributor.reports.owners import known_team, shown_name
from attributor.reports.team_lines import (
    Driver,
    IdleLine,
    IdleTeam,
    RuleLine,
    UnmatchedOwner,
    drivers,
    idle_lines,
    idle_teams,
    rule_lines,
    unmatched,
)
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Team
from rules.schema import IDLE, UNATTRIBUTED


@dataclass(frozen=True)
class DayCost:
    """What one UTC day cost; `usage` is the part that is no purchase, tax, credit or adjustment."""

    day: date
    cost: Decimal
    usage: Decimal


@dataclass(frozen=True)
class TeamReport:
    """A period of one team in one currency and basis.

    `total` is the period as published; `previous` and `change` compare the days that both periods have (see
    `Heading.comparison`). Budget, burn rate and forecast are of effective cost. `services`, `rules` and `categories`
    sum to `total`, and so does `grouping` where the view names one; `days` sum to `total`, `previous_days` to the
    previous period. `unmatched` is only told of `unattributed`, `idle_teams` only of `idle`: idle
    capacity that has an owner stands on the owner's page.
    """

    team: str
    name: str
    owner: str
    slack: str
    cost_center: str
    heading: Heading
    total: Decimal
    previous: Decimal
    change: Decimal
    budget: BudgetLine | None
    burn_rate: Decimal | None
    forecast: Outlook | None
    services: tuple[CostLine, ...]
    models: tuple[ModelLine, ...]
    pools: tuple[PoolLine, ...]
    categories: tuple[CategoryLine, ...]
    days: tuple[DayCost, ...]
    previous_days: tuple[DayCost, ...]
    drivers: tuple[Driver, ...]
    rules: tuple[RuleLine, ...]
    idle: tuple[IdleLine, ...]
    idle_teams: tuple[IdleTeam, ...]
    unmatched: tuple[UnmatchedOwner, ...]
    alerts: tuple[OpenAlert, ...]
    grouping: Grouping | None


def team_report(engine: Engine, teams: Mapping[str, Team], name: str, view: View) -> TeamReport:
    """Read a team's report; raise UnknownTeamError. A dozen aggregates, each kept to the team."""
    with engine.connect() as connection:
        team = known_team(connection, teams, name)
        seen = frame(connection, view)
        of_team = rollup.c.team == team.id
        services = cost_lines(connection, seen, rollup.c.service, of_team)
        whole = summed(services)
        spend = daily_spend(connection, seen, of_team).get(team.id, NO_SPEND)
        used = quantities(connection, seen, team.id)
        fixed = fixed_costs(connection, seen, of_team)
        days, previous_days = _days(connection, seen, of_team)
        return TeamReport(
            team=team.id,
            name=shown_name(teams, team.id),
            owner=team.owner,
            slack=team.slack,
            cost_center=team.cost_center,
            heading=seen.heading,
            total=whole.cost,
            previous=whole.previous,
            change=whole.change,
            budget=budget_line(seen, team, spend),
            burn_rate=burn_rate(seen, spend),
            forecast=month_outlook(seen, spend),
            services=services,
            models=model_lines(cost_lines(connection, seen, rollup.c.model, of_team), used),
            pools=pool_lines(used),
            categories=category_lines(whole.cost, fixed),
            days=days,
            previous_days=previous_days,
            drivers=drivers(connection, seen, of_team),
            rules=rule_lines(connection, seen, of_team),
            idle=idle_lines(connection, seen, of_team),
            idle_teams=idle_teams(connection, seen, teams) if team.id == IDLE else (),
            unmatched=unmatched(connection, seen) if team.id == UNATTRIBUTED else (),
            alerts=open_alerts(connection, team.id),
            grouping=grouping(connection, seen, of_team),
        )


def _days(
    connection: Connection, seen: Frame, of_team: ColumnElement[bool]
) -> tuple[tuple[DayCost, ...], tuple[DayCost, ...]]:
    day, basis = rollup.c.day, seen.view.basis
    sums = (*cost_sums(basis), *cost_sums(basis, IS_USAGE))
    query = select(day, *sums).where(seen.both_periods, seen.rows(of_team)).group_by(day).order_by(day)
    found = [DayCost(row[0], *amounts(row, 1, 2)) for row in connection.execute(query)]
    first = seen.period.first
    return tuple(day for day in found if day.day >= first), tuple(day for day in found if day.day < first)
