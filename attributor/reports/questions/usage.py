"""What was used: quantities by metric, pool, team and model, of any days, in steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from attributor.ledger.engine import reading
from attributor.reports.allocations.windows import cut, parse_window
from attributor.reports.questions.asked import Cursor, Limit, Question, TeamName, team_asked, worded
from attributor.reports.questions.books import Books
from attributor.reports.questions.paging import Place, page
from attributor.reports.usage import UsageLine, UsageRequest, parse_usage_dimensions, usage

_Kept = Annotated[str | None, Field(max_length=300)]


class UsageQuestion(Question):
    """Quantities of what was used."""

    window: Annotated[
        str, Field(max_length=100, description="UTC days: 7d, month, lastmonth, 2026-10, or two UTC midnights")
    ] = "month"
    step: Annotated[
        str | None,
        Field(max_length=20, description="How long a row's days are, as in 1d; all of them without it"),
    ] = None
    by: Annotated[
        str, Field(max_length=200, description="What to group by beside the metric: pool, team, model, source")
    ] = "team"
    metric: Annotated[_Kept, Field(description="Only this metric, as tokens.output or gpu.hours")] = None
    pool: Annotated[_Kept, Field(description="Only this pool, which is the shared thing that is measured")] = None
    team: TeamName = None
    model: Annotated[_Kept, Field(description="Only this model")] = None
    source: Annotated[_Kept, Field(description="Only what this source told")] = None
    limit: Limit = None
    cursor: Cursor = None


@dataclass(frozen=True)
class UsageOfGroup:
    """How much of a metric one group used on UTC days [start, end); the metric's name says the unit."""

    start: date
    end: date
    metric: str
    values: Mapping[str, str]
    quantity: Decimal


@dataclass(frozen=True)
class UsageAnswer:
    """Usage of UTC days [start, end), by days, metrics and groups; `next` is the cursor of what follows."""

    start: date
    end: date
    by: tuple[str, ...]
    rows: tuple[UsageOfGroup, ...]
    next: str | None


def answer_usage(books: Books, asked: UsageQuestion) -> UsageAnswer:
    """Answer; raises QuestionError and UnknownTeamError."""
    team = team_asked(asked.team, books)
    with worded():
        windows = cut(parse_window(asked.window, books.clock().date()), asked.step)
        by = parse_usage_dimensions(asked.by)
    kept = {"metric": asked.metric, "pool": asked.pool, "team": team, "model": asked.model, "source": asked.source}
    request = UsageRequest(windows, by, {name: value for name, value in kept.items() if value is not None})
    with reading(books.figures()) as connection:
        found = usage(connection, request)
    rows, following = page(found, _place, asked.limit, asked.cursor)
    return UsageAnswer(
        start=windows[0].start,
        end=windows[-1].end,
        by=by,
        rows=tuple(
            UsageOfGroup(
                start=row.window.start,
                end=row.window.end,
                metric=row.metric,
                values=dict(zip(by, row.values, strict=True)),
                quantity=row.quantity,
            )
            for row in rows
        ),
        next=following,
    )


def _place(row: UsageLine) -> Place:
    return (row.window.start.isoformat(), row.metric, *row.values)
