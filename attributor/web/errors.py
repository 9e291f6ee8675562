"""What a person or a program is told when an address cannot be answered."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from attributor.reports.owner_statement import NoStatementError
from attributor.reports.owners import UnknownTeamError
from attributor.reports.questions.asked import QuestionError
from attributor.reports.questions.paging import MovedError
from attributor.web.faces.statement_html import CannotMakeError
from attributor.web.queries import BadQueryError
from attributor.web.security import SECURITY_HEADERS
from attributor.web.templating import Templates

_TITLES = {
    401: "Sign in first",
    403: "That is not for you to see",
    400: "That address cannot be read",
    404: "There is no such page",
    405: "That is not possible here",
    500: "Something broke",
    501: "Not installed here",
}


def answer_errors(site: FastAPI, templates: Templates) -> None:
    """Register the handlers: a page for people, and for programs `{"detail": …}`, whatever is wrong."""
    problem = partial(problem_answer, templates)

    @site.exception_handler(BadQueryError)
    def bad_query(request: Request, error: BadQueryError) -> Response:
        return problem(request, 400, str(error))

    @site.exception_handler(MovedError)
    def moved(request: Request, error: MovedError) -> Response:
        return problem(request, 409, str(error))

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

    @site.exception_handler(RequestValidationError)
    def wrong_words(request: Request, error: RequestValidationError) -> Response:
        return problem(request, 422, "; ".join(map(_wrong_word, error.errors())))

    @site.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> Response:
        is_no_page = error.status_code == 404 and not request.url.path.startswith("/api/")
        answer = problem(
            request, error.status_code, f"{request.url.path} is not a page" if is_no_page else str(error.detail)
        )
        answer.headers.update(error.headers or {})
        return answer

    @site.exception_handler(Exception)
    def broken(request: Request, _: Exception) -> Response:
        answer = problem(request, 500, "this is a fault of ours, and the log says more; what you sent may be right")
        answer.headers.update(SECURITY_HEADERS)  # it is answered outside of what adds them to all others
        return answer


def problem_answer(
    templates: Templates, request: Request, status: int, message: str, near: tuple[str, ...] = ()
) -> Response:
    """Return what is wrong as a page, for programs as JSON in the form of the address."""
    if not _wants_page(request):
        document: dict[str, Any] = {"detail": message} | ({"near": list(near)} if near else {})
        return JSONResponse(document, status_code=status)
    title = _TITLES.get(status, "Something is wrong")
    return templates.page("problem.html", {"title": title, "message": message, "near": near}, status)


def _wrong_word(error: Mapping[str, Any]) -> str:
    """Say what is wrong with one parameter; what was sent is not repeated."""
    name = ".".join(str(part) for part in error["loc"][1:]) or "the request"
    if error["type"] == "missing":
        return f"{name} is needed"
    if error["type"] == "extra_forbidden":
        return f"nobody knows the parameter {name}; /api/v1/openapi.json lists those there are"
    said = str(error["msg"])
    return f"{name}: {said[:1].lower()}{said[1:]}"


def _wants_page(request: Request) -> bool:
    path = request.url.path
    return not path.endswith((".json", ".png")) and not path.startswith(("/api/", "/assets/"))
