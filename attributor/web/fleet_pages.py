"""The pages of what is shared: GPUs by pool, team, job and hour, and language models by team, key and feature."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.reports.document import document
from attributor.reports.gpu_lines import GpuReport
from attributor.reports.gpus import gpu_report
from attributor.reports.models import ModelsReport, models_report
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.web.controls import controls
from attributor.web.heat import heat, heat_map
from attributor.web.links import GPUS, MODELS, Links
from attributor.web.palette import slots
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates


def gpu_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /gpus and /gpus.json."""
    router = APIRouter()

    def read(request: Request) -> GpuReport:
        return gpu_report(parts.engine, parts.teams(), parts.rules(), read_view(parts, request.query_params))

    @router.get(GPUS)
    def page(request: Request) -> Response:
        """Answer the fleet of GPUs."""
        teams, report = parts.teams(), read(request)
        links = Links(read_view(parts, request.query_params), GPUS)
        found = heat(report.hours)
        context = {
            "report": report,
            "links": links,
            "controls": controls(links),
            "teams": links.teams(teams),
            "names": {team: shown_name(teams, team) for team in (*teams, *RESERVED_OWNERS)},
            "slots": slots(teams, {line.team for line in report.teams} | {job.team for job in report.jobs}),
            "heat": found,
            "chart": heat_map(found),
        }
        return templates.page("gpus.html", context)

    @router.get(f"{GPUS}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the fleet of GPUs as JSON."""
        return JSONResponse(document(read(request)))

    return router


def model_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /models and /models.json."""
    router = APIRouter()

    def read(request: Request) -> ModelsReport:
        return models_report(parts.engine, parts.teams(), read_view(parts, request.query_params))

    @router.get(MODELS)
    def page(request: Request) -> Response:
        """Answer what language models cost and counted."""
        teams, report = parts.teams(), read(request)
        links = Links(read_view(parts, request.query_params), MODELS)
        said = (*report.keys, *report.features, *report.tiers)
        context = {
            "report": report,
            "links": links,
            "controls": controls(links),
            "teams": links.teams(teams),
            "names": {team: shown_name(teams, team) for team in {line.team for line in said}},
            "slots": slots(teams, {line.team for line in report.teams} | {line.team for line in said}),
            "compares": report.heading.comparison.is_possible,
        }
        return templates.page("models.html", context)

    @router.get(f"{MODELS}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer what language models cost and counted, as JSON."""
        return JSONResponse(document(read(request)))

    return router
