"""What a person or a program is told when an address cannot be answered."""

from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from attributor.reports.owner_statement import NoStatementError
from attributor.reports.owners import UnknownTeamError
from attributor.reports.questions.asked import QuestionError
from attributor.web.faces.statement_html import CannotMakeError
from attributor.web.queries import BadQueryError
from attributor.web.templating import Templates

_TITLES = {
    401: "Sign in first",
    403: "That is not for you to see",
    400: "That address cannot be read",
    404: "There is no such page",
    405: "That is not possible here",
    501: "Not installed here",
}


def answer_errors(site: FastAPI, templates: Templates) -> None:
    """Register the handlers: a page for people, `{"error": …}` for `.json`, and FastAPI's own form under /api."""
    problem = partial(problem_answer, templates)

    @site.exception_handler(BadQueryError)
    def bad_query(request: Request, error: BadQueryError) -> Response:
        return problem(request, 400, str(error))

    @site.exception_handler(QuestionError)
    def bad_question(request: Request, error: QuestionError) -> Response:
        return problem(request, 400, str(error))

    @site.exception_handler(UnknownTeamError)
    def unknown_team(request: Request, error: UnknownTeamError) -> Response:
        return problem(request, 404, str(error), error.near)

    @site.exception_handler(NoStatementError)
    def no_statement(request: Request, error: NoStatementError) -> Response:
        return problem(request, 404, str(error))

    @site.exception_handler(CannotMakeError)
    def cannot_make(request: Request, error: CannotMakeError) -> Response:
        return problem(request, 501, str(error))

    @site.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"detail": error.detail}, status_code=error.status_code, headers=error.headers)
        message = f"{request.url.path} is not a page" if error.status_code == 404 else str(error.detail)
        return problem(request, error.status_code, message)


def problem_answer(
    templates: Templates, request: Request, status: int, message: str, near: tuple[str, ...] = ()
) -> Response:
    """Return what is wrong as a page, for programs as JSON in the form of the address."""
    if not _wants_page(request):
        name = "detail" if request.url.path.startswith("/api/") else "error"
        document: dict[str, Any] = {name: message} | ({"near": list(near)} if near else {})
        return JSONResponse(document, status_code=status)
    title = _TITLES.get(status, "Something is wrong")
    return templates.page("problem.html", {"title": title, "message": message, "near": near}, status)


def _wants_page(request: Request) -> bool:
    path = request.url.path
    return not path.endswith((".json", ".png")) and not path.startswith(("/api/", "/assets/"))
