"""What each team, service, project … cost: the report of `attributor showback`, of a month or of any days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from attributor.money import to_units
from attributor.reports.allocations.filters import parse_filter
from attributor.reports.allocations.windows import Window as Days
from attributor.reports.allocations.windows import parse_window
from attributor.reports.costs import Basis, parse_dimensions
from attributor.reports.questions.asked import (
    AnyPeriod,
    CostBasis,
    Currency,
    Cursor,
    Filter,
    Limit,
    Question,
    QuestionError,
    TeamName,
    Window,
    period_asked,
    team_asked,
    worded,
)
from attributor.reports.questions.books import Books
from attributor.reports.questions.paging import Place, page_of_moving
from attributor.reports.showback import PeriodBy, ShowbackRequest, ShowbackRow, showback


class ShowbackQuestion(Question):
    """Costs by group, the most expensive first."""

    period: AnyPeriod = None
    window: Window = None
    by: Annotated[str, Field(max_length=1000, description="Dimensions to group by, as in team,service")] = "team"
    basis: CostBasis = "effective"
    currency: Currency = None
    team: TeamName = None
    filter: Filter = ""
    period_by: Annotated[
        PeriodBy, Field(description="Whether a month is that of the charges' days or of the invoices")
    ] = "charge"
    limit: Limit = None
    cursor: Cursor = None


@dataclass(frozen=True)
class CostOfGroup:
    """One group: its value in each dimension asked for, empty where there is none, and what it cost."""

    values: Mapping[str, str]
    cost: Decimal


@dataclass(frozen=True)
class ShowbackAnswer:
    """Costs of UTC days [start, end) by group, the most expensive first.

    All rows, on whichever page, sum exactly to `total`. `period` is the month or other period where one was asked for.
    """

    period: str | None
    start: date
    end: date
    currency: str | None
    basis: Basis
    by: tuple[str, ...]
    total: Decimal
    rows: tuple[CostOfGroup, ...]
    next: str | None


def answer_showback(books: Books, asked: ShowbackQuestion) -> ShowbackAnswer:
    """Answer; raises QuestionError and UnknownTeamError."""
    request = _request(books, asked)
    with worded():
        found = showback(books.figures(), request)
    rows, following = page_of_moving(found.rows, _place, asked.limit, asked.cursor)
    start, end = request.days
    return ShowbackAnswer(
        period=None if request.window else str(found.period),
        start=start,
        end=end,
        currency=found.currency or None,
        basis=found.basis,
        by=found.by,
        total=found.total,
        rows=tuple(CostOfGroup(dict(zip(found.by, row.values, strict=True)), row.cost) for row in rows),
        next=following,
    )


def _request(books: Books, asked: ShowbackQuestion) -> ShowbackRequest:
    configured, team = books.dimensions(), team_asked(asked.team, books)
    with worded():
        return ShowbackRequest(
            period=period_asked(asked.period, books),
            basis=asked.basis,
            by=parse_dimensions(asked.by, configured),
            team=team,
            period_by=asked.period_by,
            currency=asked.currency,
            window=_window(books, asked),
            filter=parse_filter(asked.filter, configured) if asked.filter.strip() else None,
        )


def _window(books: Books, asked: ShowbackQuestion) -> Days | None:
    if asked.window is None:
        return None
    if asked.period is not None or asked.period_by == "billing":
        raise QuestionError("window and a period stand beside each other; ask for one of them")
    return parse_window(asked.window, books.clock().date())


def _place(row: ShowbackRow) -> Place:
    return (-to_units(row.cost), *row.values)
