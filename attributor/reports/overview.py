"""The overview: what the company spends, on what, by whom, and what wants attention."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, Engine, select

from attributor.ledger.tables import rollup
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.freshness import SourceFreshness, source_freshness
from attributor.reports.lines import CostLine, cost_lines, ratio, summed
from attributor.reports.open_alerts import OpenAlert, open_alerts
from attributor.reports.outlook import BudgetLine, Outlook, added, budget_line, daily_effective, month_outlook
from attributor.reports.owners import shown_name
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Team
from rules.schema import IDLE, UNATTRIBUTED


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
    """What one team cost on one UTC day."""

    day: date
    team: str
    cost: Decimal


@dataclass(frozen=True)
class Overview:
    """A month of the company in one currency and basis.

    `total` is the whole month as published; `previous` and `change` compare the days that both months have (see
    `view.Frame`). Shares are of `total`. Budgets and forecast are of effective cost.
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
    teams: tuple[TeamLine, ...]
    services: tuple[CostLine, ...]
    days: tuple[DayOfTeam, ...]
    budgets: tuple[BudgetLine, ...]
    alerts: tuple[OpenAlert, ...]
    freshness: tuple[SourceFreshness, ...]


def overview(engine: Engine, teams: Mapping[str, Team], view: View) -> Overview:
    """Read the overview; nine aggregates, however many teams there are."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        lines = cost_lines(connection, seen, rollup.c.team)
        whole = summed(lines)
        series = daily_effective(connection, seen)
        by_team = {line.name: line.cost for line in lines}
        unattributed = by_team.get(UNATTRIBUTED, Decimal(0))
        idle, estimated = _idle_and_estimated(connection, seen)
        return Overview(
            heading=seen.heading,
            total=whole.cost,
            previous=whole.previous,
            change=whole.change,
            forecast=month_outlook(seen, added(series)),
            unattributed=unattributed,
            unattributed_share=ratio(unattributed, whole.cost),
            idle=idle,
            estimated=estimated,
            teams=tuple(_team_line(teams, line, whole.cost) for line in lines),
            services=cost_lines(connection, seen, rollup.c.service),
            days=_days(connection, seen),
            budgets=_budgets(seen, teams, series),
            alerts=open_alerts(connection),
            freshness=source_freshness(connection, view.now),
        )


def _team_line(teams: Mapping[str, Team], line: CostLine, whole: Decimal) -> TeamLine:
    name = shown_name(teams, line.name)
    return TeamLine(line.name, name, line.cost, line.previous, line.change, ratio(line.cost, whole))


def _days(connection: Connection, seen: Frame) -> tuple[DayOfTeam, ...]:
    keys = (rollup.c.day, rollup.c.team)
    query = select(*keys, *cost_sums(seen.view.basis)).where(seen.this_month, rollup.c.currency == seen.currency)
    rows = connection.execute(query.group_by(*keys).order_by(*keys))
    return tuple(DayOfTeam(row[0], row[1], *amounts(row, 2)) for row in rows)


def _idle_and_estimated(connection: Connection, seen: Frame) -> tuple[Decimal, Decimal]:
    is_idle = (rollup.c.idle_cause != "") | (rollup.c.team == IDLE)
    basis = seen.view.basis
    sums = (*cost_sums(basis, is_idle), *cost_sums(basis, rollup.c.basis == "estimated"))
    query = select(*sums).where(seen.this_month, rollup.c.currency == seen.currency)
    idle, estimated = amounts(connection.execute(query).one(), 0, 2)
    return idle, estimated


def _budgets(
    seen: Frame, teams: Mapping[str, Team], series: Mapping[str, Mapping[date, Decimal]]
) -> tuple[BudgetLine, ...]:
    found = (budget_line(seen, team, series.get(team.id, {})) for team in teams.values())
    lines = [line for line in found if line is not None]
    return tuple(sorted(lines, key=lambda line: ((line.used or Decimal(0)).copy_negate(), line.team)))
