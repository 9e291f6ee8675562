"""Where an amount comes from: of a month by day and rule, of a day down to the rows of the bill."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from attributor.attributing.explaining import FILTERS
from attributor.periods import month_of
from attributor.reports.document import document
from attributor.reports.explained_days import explained_month
from attributor.reports.explanation import Explained
from attributor.reports.explanation_document import explained_document
from attributor.reports.owners import known_team
from attributor.reports.questions.asked import (
    AnyPeriod,
    CostBasis,
    Currency,
    Question,
    QuestionError,
    parse_day,
    period_asked,
    worded,
)
from attributor.reports.questions.books import Books
from attributor.reports.subject import Subject
from attributor.reports.view import View, frame

_Part = Annotated[str | None, Field(max_length=300, description='Only what has this value; "" for what has none')]


class ExplainQuestion(Question):
    """Whose amount, of when, and of which part of it."""

    team: Annotated[str, Field(max_length=200, description="A team's id, `unattributed` or `idle`")]
    period: AnyPeriod = None
    day: Annotated[
        str | None, Field(max_length=10, description="A UTC day as YYYY-MM-DD: down to weights and the bill's rows")
    ] = None
    basis: CostBasis = "effective"
    currency: Currency = None
    service: _Part = None
    project: _Part = None
    environment: _Part = None
    cost_center: _Part = None
    provider: _Part = None
    account: _Part = None
    model: _Part = None
    source: _Part = None
    category: _Part = None
    rule: _Part = None
    idle_cause: _Part = None


def answer_explain(books: Books, asked: ExplainQuestion) -> dict[str, Any]:
    """Answer with a document; raises QuestionError and UnknownTeamError."""
    subject = _subject(books, asked)
    view = View(subject.period, books.clock(), asked.basis, asked.currency)
    figures = books.figures()
    with figures.connect() as connection:
        currency = frame(connection, view).currency
    if subject.day is None:
        found: dict[str, Any] = document(explained_month(figures, subject, currency))
        return found
    if books.explain is None:
        raise QuestionError("a day cannot be explained here; ask for its month")
    nothing = Explained(subject, currency, Decimal(0), ())
    return explained_document(next((each for each in books.explain(subject) if each.currency == currency), nothing))


def _subject(books: Books, asked: ExplainQuestion) -> Subject:
    with worded():
        day = None if asked.day is None else parse_day(asked.day)
    period = period_asked(asked.period, books) if day is None or asked.period is not None else month_of(day)
    if day is not None and not period.first <= day < period.end:
        raise QuestionError(f"{day} is not in {asked.period}")
    with books.engine.connect() as connection:
        team = known_team(connection, books.teams(), asked.team)
    given = {word: getattr(asked, word) for word in (*FILTERS, "idle_cause")}
    filters = {word: value for word, value in given.items() if value is not None}
    return replace(Subject(period if day is None else month_of(day), day, team.id, filters), basis=asked.basis)
