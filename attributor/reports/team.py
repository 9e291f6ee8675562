"""The team report: what a team costs, against what budget, made of what, and who to ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypedDict, TypeVar

from sqlalchemy import Engine

from attributor.ledger.tables import rollup
from attributor.reports.budgets import budget_pace
from attributor.reports.categories import CategoryLine, category_lines, fixed_costs
from attributor.reports.consumption import ModelLine, PoolLine, model_lines, pool_lines, quantities
from attributor.reports.grouping import Grouping, grouping
from attributor.reports.lines import CostLine, cost_lines, summed
from attributor.reports.movers import Mover, movers
from attributor.reports.open_alerts import OpenAlert, noted_alerts, open_alerts
from attributor.reports.opportunities import Opportunity, opportunities
from attributor.reports.outlook import NO_SPEND, BudgetLine, Outlook, Spend, burn_rate, daily_spend, month_outlook
from attributor.reports.owners import known_team, parent_of, shown_name
from attributor.reports.sub_teams import Family, family
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
from attributor.reports.trend import DayCost, WeekCost, trend
from attributor.reports.unit_costs import UnitCost, team_unit_costs
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Rule, Team
from rules.schema import IDLE, UNATTRIBUTED

Line = TypeVar("Line", ModelLine, UnitCost)


@dataclass(frozen=True)
class TeamReport:
    """A period of one team in one currency and basis.

    `total` is the period as published; `previous` and `change` compare the days that both periods have (see
    `Heading.comparison`). Budget, burn rate and forecast are of effective cost. `services`, `rules` and `categories`
    sum to `total`, and so do `projects`, `environments` and, where the view names one, `grouping`; `days` sum to
    `total`, `previous_days` to the previous period. `a_day` is what each day left may cost so that the budget holds,
    `runs_out` the day on which the burn rate uses it up. `movers` are what moved most. `unmatched` is only told of
    `unattributed`, `idle_teams` only of `idle`: idle capacity that has an owner stands on the owner's page.

    All of it is the team's own: `family` is what its cost comes to with its sub-teams, `parent` the id of the team that
    it is a part of, "" for none.
    """

    team: str
    name: str
    owner: str
    slack: str
    cost_center: str
    parent: str
    heading: Heading
    total: Decimal
    previous: Decimal
    change: Decimal
    family: Family | None
    budget: BudgetLine | None
    burn_rate: Decimal | None
    a_day: Decimal | None
    runs_out: date | None
    forecast: Outlook | None
    movers: tuple[Mover, ...]
    services: tuple[CostLine, ...]
    projects: tuple[CostLine, ...]
    environments: tuple[CostLine, ...]
    models: tuple[ModelLine, ...]
    pools: tuple[PoolLine, ...]
    categories: tuple[CategoryLine, ...]
    days: tuple[DayCost, ...]
    previous_days: tuple[DayCost, ...]
    weeks: tuple[WeekCost, ...]
    drivers: tuple[Driver, ...]
    rules: tuple[RuleLine, ...]
    idle: tuple[IdleLine, ...]
    idle_teams: tuple[IdleTeam, ...]
    opportunities: tuple[Opportunity, ...]
    unit_costs: tuple[UnitCost, ...]
    unmatched: tuple[UnmatchedOwner, ...]
    alerts: tuple[OpenAlert, ...]
    notes: tuple[OpenAlert, ...]
    grouping: Grouping | None


def team_report(
    engine: Engine, teams: Mapping[str, Team], name: str, view: View, rules: Sequence[Rule] = ()
) -> TeamReport:
    """Read a team's report; raise UnknownTeamError. Some twenty aggregates, each kept to the team.

    `rules` are those in use now: they say why shared costs were divided as they were.
    """
    return team_now(engine, settled_team(engine, teams, name, view, rules))


def settled_team(
    engine: Engine, teams: Mapping[str, Team], name: str, view: View, rules: Sequence[Rule] = ()
) -> TeamReport:
    """Read what of it is so until the ledger has another edition: all but its alerts and notes."""
    with engine.connect() as connection:
        team = known_team(connection, teams, name)
        seen = frame(connection, view)
        of_team = rollup.c.team == team.id
        services = cost_lines(connection, seen, rollup.c.service, of_team)
        whole = summed(services)
        spend = daily_spend(connection, seen, of_team).get(team.id, NO_SPEND)
        used = quantities(connection, seen, team.id)
        fixed = fixed_costs(connection, seen, of_team)
        by_day = trend(connection, seen, of_team)
        idle = idle_lines(connection, seen, of_team)
        models = _paid(seen, model_lines(cost_lines(connection, seen, rollup.c.model, of_team), used))
        return TeamReport(
            **_who(teams, team),
            heading=seen.heading,
            total=whole.cost,
            previous=whole.previous,
            change=whole.change,
            family=family(connection, seen, teams, team.id),
            **_standing(seen, team, spend),
            movers=movers(connection, seen, teams, of_team),
            services=services,
            projects=cost_lines(connection, seen, rollup.c.project, of_team),
            environments=cost_lines(connection, seen, rollup.c.environment, of_team),
            models=models,
            pools=pool_lines(used),
            categories=category_lines(whole.cost, fixed),
            days=by_day.days,
            previous_days=by_day.previous_days,
            weeks=by_day.weeks,
            drivers=drivers(connection, seen, of_team),
            rules=rule_lines(connection, seen, of_team, rules),
            idle=idle,
            idle_teams=idle_teams(connection, seen, teams) if team.id == IDLE else (),
            opportunities=opportunities(idle, models),
            unit_costs=_paid(seen, team_unit_costs(connection, seen, teams, team.id)),
            unmatched=unmatched(connection, seen) if team.id == UNATTRIBUTED else (),
            alerts=(),
            notes=(),
            grouping=grouping(connection, seen, of_team),
        )


def _paid(seen: Frame, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return what costs anything in the frame's currency: usage that another one pays for is not free in this one."""
    return tuple(line for line in lines if line.cost or line.previous) if seen.other_currencies else lines


class _Who(TypedDict):
    """The fields of a report that tell whose it is."""

    team: str
    name: str
    owner: str
    slack: str
    cost_center: str
    parent: str


def _who(teams: Mapping[str, Team], team: Team) -> _Who:
    return {
        "team": team.id,
        "name": shown_name(teams, team.id),
        "owner": team.owner,
        "slack": team.slack,
        "cost_center": team.cost_center,
        "parent": parent_of(teams, team),
    }


class _Standing(TypedDict):
    """The fields of a report that tell of budget and forecast."""

    budget: BudgetLine | None
    burn_rate: Decimal | None
    a_day: Decimal | None
    runs_out: date | None
    forecast: Outlook | None


def _standing(seen: Frame, team: Team, spend: Spend) -> _Standing:
    pace = budget_pace(seen, team, spend)
    return {
        "budget": None if pace is None else pace.line,
        "burn_rate": burn_rate(seen, spend),
        "a_day": None if pace is None else pace.a_day,
        "runs_out": None if pace is None else pace.runs_out,
        "forecast": month_outlook(seen, spend),
    }


def team_now(engine: Engine, report: TeamReport) -> TeamReport:
    """Return a team's settled report with the alerts that stand now, and the notes."""
    with engine.connect() as connection:
        notes = noted_alerts(connection, report.team)
        return replace(report, alerts=open_alerts(connection, report.team), notes=notes)
