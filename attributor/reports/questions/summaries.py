"""The overview and a team's report in few words: the largest lines of every list, and how many are left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import Field

from attributor.reports.categories import CategoryLine
from attributor.reports.consumption import ModelLine, PoolLine
from attributor.reports.freshness import SourceFreshness
from attributor.reports.lines import CostLine
from attributor.reports.movers import Mover
from attributor.reports.opportunities import Opportunity
from attributor.reports.outlook import BudgetLine, Outlook
from attributor.reports.overview import TeamLine, overview
from attributor.reports.questions.alerts import AlertLine, alert_line
from attributor.reports.questions.asked import AnyPeriod, CostBasis, Currency, Question, period_asked
from attributor.reports.questions.books import Books
from attributor.reports.sub_teams import Family
from attributor.reports.team import team_report
from attributor.reports.team_lines import Driver, IdleLine, IdleTeam, RuleLine, UnmatchedOwner
from attributor.reports.unit_costs import UnitCost
from attributor.reports.view import Heading, View

T = TypeVar("T")


class OverviewQuestion(Question):
    """What the company spends in a period."""

    period: AnyPeriod = None
    basis: CostBasis = "effective"
    currency: Annotated[Currency, Field(description="A currency's code; without it the one with the most cost")] = None
    top: Annotated[int, Field(ge=1, le=100, description="The most lines of each list")] = 20


class TeamQuestion(OverviewQuestion):
    """What one team spends in a period."""

    team: Annotated[str, Field(max_length=200, description="A team's id, `unattributed` or `idle`")]


@dataclass(frozen=True)
class OverviewSummary:
    """A period of the company; `heading` says how much of it is known and what changes compare with.

    `total` is the whole period; budgets and forecasts are of months alone. `left_out` says how many lines of each list
    are not shown.
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
    movers: tuple[Mover, ...]
    categories: tuple[CategoryLine, ...]
    budgets: tuple[BudgetLine, ...]
    alerts: tuple[AlertLine, ...]
    sources: tuple[SourceFreshness, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class TeamSummary:
    """A period of one team, and who to ask; `left_out` says how many lines of each list are not shown."""

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
    forecast: Outlook | None
    movers: tuple[Mover, ...]
    services: tuple[CostLine, ...]
    projects: tuple[CostLine, ...]
    models: tuple[ModelLine, ...]
    pools: tuple[PoolLine, ...]
    categories: tuple[CategoryLine, ...]
    drivers: tuple[Driver, ...]
    rules: tuple[RuleLine, ...]
    idle: tuple[IdleLine, ...]
    idle_teams: tuple[IdleTeam, ...]
    opportunities: tuple[Opportunity, ...]
    unit_costs: tuple[UnitCost, ...]
    unmatched: tuple[UnmatchedOwner, ...]
    alerts: tuple[AlertLine, ...]
    left_out: Mapping[str, int]


class _Cut:
    """Cuts lists to their first lines, and counts what it left out."""

    def __init__(self, top: int) -> None:
        self._top = top
        self.left_out: dict[str, int] = {}

    def __call__(self, name: str, lines: tuple[T, ...]) -> tuple[T, ...]:
        if len(lines) > self._top:
            self.left_out[name] = len(lines) - self._top
        return lines[: self._top]


def answer_overview(books: Books, asked: OverviewQuestion) -> OverviewSummary:
    """Answer; raises QuestionError."""
    found = overview(books.engine, books.teams(), _view(books, asked))
    cut = _Cut(asked.top)
    return OverviewSummary(
        heading=found.heading,
        total=found.total,
        previous=found.previous,
        change=found.change,
        forecast=found.forecast,
        unattributed=found.unattributed,
        unattributed_share=found.unattributed_share,
        idle=found.idle,
        estimated=found.estimated,
        teams=cut("teams", found.teams),
        services=cut("services", found.services),
        movers=cut("movers", found.movers),
        categories=found.categories,
        budgets=cut("budgets", found.budgets),
        alerts=tuple(map(alert_line, cut("alerts", found.alerts))),
        sources=found.freshness,
        left_out=cut.left_out,
    )


def answer_team(books: Books, asked: TeamQuestion) -> TeamSummary:
    """Answer; raises QuestionError and UnknownTeamError."""
    found = team_report(books.engine, books.teams(), asked.team, _view(books, asked))
    cut = _Cut(asked.top)
    return TeamSummary(
        team=found.team,
        name=found.name,
        owner=found.owner,
        slack=found.slack,
        cost_center=found.cost_center,
        parent=found.parent,
        family=found.family,
        heading=found.heading,
        total=found.total,
        previous=found.previous,
        change=found.change,
        budget=found.budget,
        burn_rate=found.burn_rate,
        forecast=found.forecast,
        movers=cut("movers", found.movers),
        services=cut("services", found.services),
        projects=cut("projects", found.projects),
        models=cut("models", found.models),
        pools=cut("pools", found.pools),
        categories=found.categories,
        drivers=cut("drivers", found.drivers),
        rules=cut("rules", found.rules),
        idle=cut("idle", found.idle),
        idle_teams=cut("idle_teams", found.idle_teams),
        opportunities=cut("opportunities", found.opportunities),
        unit_costs=found.unit_costs,
        unmatched=cut("unmatched", found.unmatched),
        alerts=tuple(map(alert_line, cut("alerts", found.alerts))),
        left_out=cut.left_out,
    )


def _view(books: Books, asked: OverviewQuestion) -> View:
    return View(period_asked(asked.period, books), books.clock(), asked.basis, asked.currency)
