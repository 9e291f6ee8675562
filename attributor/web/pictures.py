"""Charts as pictures at addresses of their own."""

from fastapi import APIRouter, Request, Response

from attributor.web.drawing import team_picture
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view


def picture_routes(parts: SiteParts) -> APIRouter:
    """Return /charts/teams/{team}/daily.png."""
    router = APIRouter()

    @router.get("/charts/teams/{team:path}/daily.png")
    def daily(team: str, request: Request) -> Response:
        """Answer a team's days as a picture, 640 px wide at twice the density."""
        png = team_picture(parts.engine, parts.teams(), team, read_view(parts, request.query_params))
        return Response(png, media_type="image/png")

    return router
