"""/api/v1: the questions of programs about costs, usage, budgets and sources."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from attributor.reports.document import document
from attributor.reports.expected import Budgets, Forecasts
from attributor.reports.explained_days import ExplainedMonth
from attributor.reports.explanation_form import ExplainedForm
from attributor.reports.questions.allocations import AllocationsAnswer, AllocationsQuestion, answer_allocations
from attributor.reports.questions.explain import ExplainQuestion, answer_explain
from attributor.reports.questions.showback import ShowbackAnswer, ShowbackQuestion, answer_showback
from attributor.reports.questions.standing import (
    OfMonth,
    Sources,
    Teams,
    answer_budgets,
    answer_forecast,
    answer_sources,
    answer_teams,
)
from attributor.reports.questions.usage import UsageAnswer, UsageQuestion, answer_usage
from attributor.web.described import NOT_FOUND, answers, documented, refused
from attributor.web.parts import SiteParts, books_of

_MOVED = refused(409, "What is asked for has changed since the page before: begin again without cursor")


def report_routes(parts: SiteParts) -> APIRouter:
    """Return the routes that answer reports; amounts are decimal strings."""
    router, books = APIRouter(prefix="/api/v1", tags=["reports"]), books_of(parts)

    @router.get("/allocations", responses=answers(documented(AllocationsAnswer)))
    def allocations(asked: Annotated[AllocationsQuestion, Query()]) -> JSONResponse:
        """Answer sets of allocations, each summing exactly to what its days cost."""
        return JSONResponse(document(answer_allocations(books, asked)))

    @router.get("/showback", responses=answers(documented(ShowbackAnswer), NOT_FOUND, _MOVED))
    def showback(asked: Annotated[ShowbackQuestion, Query()]) -> JSONResponse:
        """Answer what each group cost, the most expensive first; all rows sum exactly to the total."""
        return JSONResponse(document(answer_showback(books, asked)))

    @router.get("/usage", responses=answers(documented(UsageAnswer), NOT_FOUND))
    def usage(asked: Annotated[UsageQuestion, Query()]) -> JSONResponse:
        """Answer what was used, by metric and group; quantities are decimal strings."""
        return JSONResponse(document(answer_usage(books, asked)))

    @router.get("/budgets", responses=answers(documented(Budgets), NOT_FOUND))
    def budgets(asked: Annotated[OfMonth, Query()]) -> JSONResponse:
        """Answer how the teams' budgets stand, with the forecast of each."""
        return JSONResponse(document(answer_budgets(books, asked)))

    @router.get("/forecast", responses=answers(documented(Forecasts), NOT_FOUND))
    def forecast(asked: Annotated[OfMonth, Query()]) -> JSONResponse:
        """Answer where the month will end, for the company and for each team."""
        return JSONResponse(document(answer_forecast(books, asked)))

    @router.get("/explain", responses=answers(documented(ExplainedMonth, ExplainedForm), NOT_FOUND))
    def explain(asked: Annotated[ExplainQuestion, Query()]) -> JSONResponse:
        """Answer where an amount comes from: of a month by day and rule, of a day down to the rows of the bill."""
        return JSONResponse(answer_explain(books, asked))

    @router.get("/teams", responses=answers(documented(Teams)))
    def teams() -> JSONResponse:
        """Answer who can own money: the teams of the rules, then the reserved owners."""
        return JSONResponse(document(answer_teams(books)))

    @router.get("/sources", responses=answers(documented(Sources)))
    def sources() -> JSONResponse:
        """Answer how fresh each source is, and what is wrong with it."""
        return JSONResponse(document(answer_sources(books)))

    return router
