"""The pages: each is one report, as HTML and, under the same path with `.json`, as the same report in JSON."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from attributor.reports.document import document
from attributor.reports.health import Health, health
from attributor.reports.narrowing import Narrowing, every_word
from attributor.reports.overview import Overview
from attributor.reports.owners import RESERVED_OWNERS, known_team, shown_name, team_called
from attributor.reports.team import TeamReport
from attributor.web.charts import period_so_far, spend_by_day, team_by_day, team_by_week
from attributor.web.controls import controls, dimension_name
from attributor.web.flow_drawing import draw_flow
from attributor.web.links import OVERVIEW, Links, settled
from attributor.web.palette import slot, slots
from attributor.web.parts import SiteParts
from attributor.web.queries import read_narrowed_view, read_view, wants_all_rows
from attributor.web.run_lines import failed_deliveries, run_line
from attributor.web.running import running
from attributor.web.shown_reports import shown_overview, shown_team
from attributor.web.sparks import overview_sparks
from attributor.web.stacks import stack
from attributor.web.templating import Templates

_RUNS_SHOWN = 20


def overview_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return / and /overview.json."""
    router = APIRouter()

    def read(request: Request) -> Overview:
        return shown_overview(parts, read_narrowed_view(parts, request.query_params))

    @router.get(OVERVIEW)
    def page(request: Request) -> Response:
        """Answer the overview."""
        view, teams = read_narrowed_view(parts, request.query_params), parts.teams()
        report = shown_overview(parts, view)
        links = Links(settled(view, report.heading), OVERVIEW, all_rows=wants_all_rows(request.query_params))
        choices = controls(links, _any_way(parts), _known(report))
        return templates.page(
            "overview.html",
            {
                "report": report,
                "links": links,
                "controls": choices,
                "teams": links.teams(teams),
                "names": {team: shown_name(teams, team) for team in (*teams, *RESERVED_OWNERS)},
                "slots": slots(teams, [*(line.team for line in report.teams), *(line.team for line in report.movers)]),
                "owners": {team.id: team.owner for team in teams.values()},
                "others": parts.others(view),
                "compares": report.heading.comparison.is_possible,
                "grouped_by": dimension_name(view.group or "team"),
                "explains": parts.explain is not None and links.can_explain,
                "chart": spend_by_day(report, teams),
                "stack": stack(report, teams),
                "trends": overview_sparks(report, links),
                "drawn_flow": draw_flow(report, links, choices, teams),
            },
        )

    @router.get("/overview.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the overview as JSON."""
        others = parts.others(read_view(parts, request.query_params))
        more = {"others": document(others)} if others else {}
        return JSONResponse({**document(read(request)), **more})

    return router


def _any_way(parts: SiteParts, but: str = "") -> Narrowing:
    words = tuple(word for word in every_word(parts.dimensions()) if word != but)
    return Narrowing(words, words)


def _known(report: Overview | TeamReport) -> Iterator[str]:
    """Yield values that the page names, for its filter to offer."""
    yield from (line.name for line in report.services)
    if report.grouping is not None:
        yield from (line.name for line in report.grouping.lines)


def team_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /teams/{team} and /teams/{team}.json."""
    router = APIRouter()

    def read(team: str, request: Request) -> TeamReport:
        return shown_team(parts, team, read_narrowed_view(parts, request.query_params))

    @router.get("/teams")
    def find(request: Request, named: str = "") -> Response:
        """Lead to the page of a team that is called so, or to the overview's table of all teams."""
        query, teams = request.query_params, parts.teams()
        links = Links(read_narrowed_view(parts, query), OVERVIEW, all_rows=wants_all_rows(query))
        if not named.strip():
            return RedirectResponse(links.all_teams, 303)
        with parts.engine.connect() as connection:
            team = known_team(connection, teams, team_called(teams, named))
        return RedirectResponse(links.team(team.id), 303)

    @router.get("/teams/{team:path}.json")
    def as_json(team: str, request: Request) -> JSONResponse:
        """Answer a team's report as JSON."""
        return JSONResponse(document(read(team, request)))

    @router.get("/teams/{team:path}")
    def page(team: str, request: Request) -> Response:
        """Answer a team's page."""
        view, teams = read_narrowed_view(parts, request.query_params), parts.teams()
        report = shown_team(parts, team, view)
        links = Links(settled(view, report.heading), f"/teams/{team}", all_rows=wants_all_rows(request.query_params))
        return templates.page(
            "team.html",
            {
                "report": report,
                "links": links,
                "controls": controls(links, _any_way(parts, "team"), _known(report)),
                "teams": links.teams(teams),
                "slot": slot(teams, team),
                "slots": slots(teams, (line.team for line in report.family.lines) if report.family else ()),
                "parent_name": shown_name(teams, report.parent),
                "owners": {},
                "compares": report.heading.comparison.is_possible,
                "grouped_by": dimension_name(view.group or "service"),
                "daily": team_by_day(report, teams),
                "so_far": period_so_far(report, teams),
                "weekly": team_by_week(report, teams),
                "running": running(report),
                "explains": parts.explain is not None and links.can_explain,
            },
        )

    return router


def health_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /health and /health.json."""
    router = APIRouter()

    def read() -> Health:
        return health(parts.engine, parts.clock(), parts.ready())

    @router.get("/health")
    def page(request: Request) -> Response:
        """Answer how the daemon stands."""
        links = Links(read_view(parts, request.query_params), "/health")
        report = read()
        return templates.page(
            "health.html",
            {
                "report": report,
                "links": links,
                "teams": links.teams(parts.teams()),
                "runs": tuple(run_line(run) for run in report.runs[:_RUNS_SHOWN]),
                "deliveries": failed_deliveries(report.failures),
            },
        )

    @router.get("/health.json")
    def as_json() -> JSONResponse:
        """Answer how the daemon stands, as JSON."""
        return JSONResponse(document(read()))

    return router
