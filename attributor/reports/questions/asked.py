"""The form of a question, and the words that several of them have."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from attributor.periods import Month, Span, month_of, parse_month, parse_period
from attributor.reports.costs import Basis, SeveralCurrenciesError
from attributor.reports.owners import known_team
from attributor.reports.questions.books import Books

MOST = 50_000
"""Rows of an answer that is asked for without a limit."""

Period = Annotated[str | None, Field(max_length=10, description="A UTC month as YYYY-MM; without it the current one")]
AnyPeriod = Annotated[
    str | None,
    Field(
        max_length=30,
        description="A UTC month as YYYY-MM, or 2026-Q4, 2026-W47, 2026, 2026-11-03..2026-11-20; without it this month",
    ),
]
Window = Annotated[
    str | None,
    Field(max_length=100, description="UTC days: 7d, month, lastmonth, 2026-10, or two UTC midnights, half-open"),
]
CostBasis = Annotated[Basis, Field(description="Which cost: effective (what it really costs), billed or list")]
Currency = Annotated[
    str | None, Field(max_length=20, description="A currency's code; needed where charges are in several")
]
TeamName = Annotated[str | None, Field(max_length=200, description="A team's id, `unattributed` or `idle`")]
Filter = Annotated[
    str, Field(max_length=4000, description='Comparisons of dimensions, as in team:"search"+service!:"Amazon S3"')
]
Limit = Annotated[int | None, Field(ge=1, le=MOST, description="The most rows in one answer")]
Cursor = Annotated[str | None, Field(max_length=2000, description="`next` of the answer before, to go on behind it")]


class QuestionError(ValueError):
    """A question cannot be read or has no single answer; the message says which form it has."""


class Question(BaseModel):
    """A question; words that it does not know are refused, so that no misspelt one is left out of account."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


@contextmanager
def worded() -> Iterator[None]:
    """Tell whoever asks what the reading of a question says of it, as a QuestionError."""
    try:
        yield
    except SeveralCurrenciesError as error:
        raise QuestionError(f"{error}; name one as currency") from error
    except QuestionError:
        raise
    except ValueError as error:
        raise QuestionError(str(error)) from error


def month_asked(text: str | None, books: Books) -> Month:
    """Return the month that is asked for, the current one where none is; raise QuestionError."""
    with worded():
        return month_of(books.clock().date()) if text is None else parse_month(text)


def period_asked(text: str | None, books: Books) -> Month | Span:
    """Return the period that is asked for, the current month where none is; raise QuestionError."""
    with worded():
        return month_of(books.clock().date()) if text is None else parse_period(text)


def parse_day(text: str) -> date:
    """Read a UTC day of a year that charges may be of; raise ValueError that says the form."""
    try:
        day = date.fromisoformat(text)
        parse_month(day.isoformat()[:7])
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day; write it as YYYY-MM-DD") from error
    return day


def team_asked(name: str | None, books: Books) -> str | None:
    """Return the id of a team that somebody knows, None where none is asked for; raise UnknownTeamError."""
    if name is None:
        return None
    with books.engine.connect() as connection:
        return known_team(connection, books.teams(), name).id
