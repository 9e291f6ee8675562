"""The overview: what the company spends, on what, by whom, and what wants attention."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, Engine

from attributor.ledger.tables import rollup
from attributor.money import from_units
from attributor.reports.budgets import Budgets, budgets
from attributor.reports.categories import CategoryLine, FixedCosts, category_lines, fixed_costs
from attributor.reports.daily import Series, daily_costs, daily_parts
from attributor.reports.flow import Flow, flow
from attributor.reports.freshness import SourceFreshness, source_freshness
from attributor.reports.grouping import DayOfGroup, Grouping, group_days, grouping
from attributor.reports.lines import CostLine, cost_lines, ratio, summed
from attributor.reports.movers import Mover, movers
from attributor.reports.open_alerts import OpenAlert, open_alerts
from attributor.reports.outlook import BudgetLine, Outlook
from attributor.reports.owners import shown_name
from attributor.reports.teams import team_costs
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Team
from rules.schema import UNATTRIBUTED


@dataclass(frozen=True)
class TeamLine:
    """One owner's cost; `share` is of the total."""

    team: str
    name: str
    cost: Decimal
    previous: Decimal
    change: Decimal
    share: Decimal | None


@dataclass(frozen=True)
class DayOfTeam:
    """What one team cost on one UTC day; `usage` is the part that is no purchase, tax, credit or adjustment."""

    day: date
    team: str
    cost: Decimal
    usage: Decimal


@dataclass(frozen=True)
class Overview:
    """A period of the company in one currency and basis.

    `total` is the whole period as published; `previous` and `change` compare the days that both periods have (see
    `Heading.comparison`). Shares are of `total`. Budgets and forecast are of effective cost. `teams`, `services`,
    `categories`, `days`, `service_days`, `grouping` and every column of `flow` sum to `total`; `grouping` is None where
    the view names no group. `movers` are what moved most; none where nothing is compared.
    """

    heading: Heading
    total: Decimal
    previous: Decimal
    change: Decimal
    forecast: Outlook | None
    unattributed: Decimal
    unattributed_share: Decimal | None
    idle: Decimal
    estimated: Decimal
    estimated_share: Decimal | None
    teams: tuple[TeamLine, ...]
    services: tuple[CostLine, ...]
    movers: tuple[Mover, ...]
    flow: Flow
    categories: tuple[CategoryLine, ...]
    days: tuple[DayOfTeam, ...]
    service_days: tuple[DayOfGroup, ...]
    budgets: tuple[BudgetLine, ...]
    alerts: tuple[OpenAlert, ...]
    freshness: tuple[SourceFreshness, ...]
    grouping: Grouping | None


def overview(engine: Engine, teams: Mapping[str, Team], view: View) -> Overview:
    """Read the overview; some twenty aggregates, however many teams there are."""
    standing = budgets(engine, teams, view) if view.is_budgeted else None
    return overview_now(engine, settled_overview(engine, teams, view, standing))


def settled_overview(engine: Engine, teams: Mapping[str, Team], view: View, standing: Budgets | None) -> Overview:
    """Read what of an overview is so until the ledger has another edition: all but its alerts and freshness.

    `standing` are the budgets of the view, None where it is of no month or not of all that is charged.
    """
    with engine.connect() as connection:
        seen = frame(connection, view)
        shown = daily_costs(connection, seen, seen.before.first, view.basis)
        lines = team_costs(connection, seen, shown)
        whole = summed(lines)
        by_team = {line.name: line.cost for line in lines}
        unattributed = by_team.get(UNATTRIBUTED, Decimal(0))
        fixed = fixed_costs(connection, seen)
        grouped = grouping(connection, seen)
        by_service = grouped.days if grouped is not None and grouped.by == "service" else None
        idle, estimated = _idle_and_estimated(connection, seen)
        return Overview(
            heading=seen.heading,
            total=whole.cost,
            previous=whole.previous,
            change=whole.change,
            forecast=None if standing is None else standing.forecast,
            unattributed=unattributed,
            unattributed_share=ratio(unattributed, whole.cost),
            idle=idle,
            estimated=estimated,
            estimated_share=ratio(estimated, whole.cost),
            teams=tuple(_team_line(teams, line, whole.cost) for line in lines),
            services=cost_lines(connection, seen, rollup.c.service),
            movers=movers(connection, seen, teams),
            flow=flow(connection, seen, teams),
            categories=category_lines(whole.cost, fixed),
            days=tuple(_days(seen, shown, fixed)),
            service_days=group_days(connection, seen, rollup.c.service) if by_service is None else by_service,
            budgets=() if standing is None else tuple(pace.line for pace in standing.lines),
            alerts=(),
            freshness=(),
            grouping=grouped,
        )


def overview_now(engine: Engine, report: Overview) -> Overview:
    """Return a settled overview with the alerts that stand now, and how fresh sources are."""
    with engine.connect() as connection:
        fresh = source_freshness(connection, report.heading.now)
        return replace(report, alerts=open_alerts(connection), freshness=fresh)


def team_totals(engine: Engine, teams: Mapping[str, Team], view: View) -> tuple[TeamLine, ...]:
    """Return what each team cost in all: whatever the view is kept to, for that would tell of what."""
    with engine.connect() as connection:
        seen = frame(connection, replace(view, group="", filters=()))
        lines = team_costs(connection, seen, daily_costs(connection, seen, seen.before.first, view.basis))
    whole = summed(lines)
    return tuple(_team_line(teams, line, whole.cost) for line in lines)


def _team_line(teams: Mapping[str, Team], line: CostLine, whole: Decimal) -> TeamLine:
    name = shown_name(teams, line.name)
    return TeamLine(line.name, name, line.cost, line.previous, line.change, ratio(line.cost, whole))


def _days(seen: Frame, by_team: Mapping[str, Series], fixed: FixedCosts) -> Iterator[DayOfTeam]:
    first = seen.period.first
    days = ((day, team, cost) for team, costs in by_team.items() for day, cost in costs.items() if day >= first)
    for day, team, cost in sorted(days):
        amount = from_units(cost)
        yield DayOfTeam(day, team, amount, fixed.usage(day, team, amount))


def _idle_and_estimated(connection: Connection, seen: Frame) -> tuple[Decimal, Decimal]:
    columns = [f"{seen.view.basis}_{part}" for part in ("idle", "estimated")]
    found = [costs for _, _, costs in daily_parts(connection, seen, seen.period.first, columns)]
    return from_units(sum(idle for idle, _ in found)), from_units(sum(estimated for _, estimated in found))
