"""How budgets, forecasts, teams and sources stand."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from attributor.reports.expected import Budgets, Forecasts, budgets, forecasts
from attributor.reports.freshness import SourceFreshness, freshness
from attributor.reports.owners import RESERVED_OWNERS, parent_of, shown_name
from attributor.reports.questions.asked import Currency, Period, Question, TeamName, month_asked, team_asked
from attributor.reports.questions.books import Books
from attributor.reports.view import View


class OfMonth(Question):
    """What is asked of a month, of all teams or of one."""

    period: Period = None
    team: TeamName = None
    currency: Currency = None


@dataclass(frozen=True)
class TeamFacts:
    """A team of the rules: who answers for it, and its budget a month. A reserved owner is no team of people."""

    team: str
    name: str
    aliases: tuple[str, ...]
    owner: str
    slack: str
    parent: str
    cost_center: str
    budget: Decimal | None
    reserved: bool


@dataclass(frozen=True)
class Teams:
    """All owners that money can have: the teams in the order of the rules, then the reserved ones."""

    teams: tuple[TeamFacts, ...]


@dataclass(frozen=True)
class Sources:
    """How fresh each source is at `now`."""

    now: datetime
    sources: tuple[SourceFreshness, ...]


def answer_budgets(books: Books, asked: OfMonth) -> Budgets:
    """Answer; raises QuestionError and UnknownTeamError."""
    team, view = team_asked(asked.team, books), _view(books, asked)
    found = budgets(books.figures(), books.teams(), view)
    return replace(found, budgets=tuple(line for line in found.budgets if team in (None, line.team)))


def answer_forecast(books: Books, asked: OfMonth) -> Forecasts:
    """Answer; raises QuestionError and UnknownTeamError."""
    team, view = team_asked(asked.team, books), _view(books, asked)
    found = forecasts(books.figures(), books.teams(), view)
    return replace(found, teams=tuple(line for line in found.teams if team in (None, line.team)))


def answer_teams(books: Books) -> Teams:
    """Answer who can own money."""
    teams = books.teams()
    return Teams(
        tuple(
            TeamFacts(
                team=team.id,
                name=shown_name(teams, team.id),
                aliases=tuple(team.aliases),
                owner=team.owner,
                slack=team.slack,
                parent=parent_of(teams, team),
                cost_center=team.cost_center,
                budget=None if team.budget is None else team.budget.monthly,
                reserved=team.id in RESERVED_OWNERS,
            )
            for team in (*teams.values(), *RESERVED_OWNERS.values())
        )
    )


def answer_sources(books: Books) -> Sources:
    """Answer how fresh each source is."""
    now = books.clock()
    return Sources(now, freshness(books.engine, now))


def _view(books: Books, asked: OfMonth) -> View:
    return View(month_asked(asked.period, books), books.clock(), "effective", asked.currency)
