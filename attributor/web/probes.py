"""What machines ask: does the process live, is it ready, what are its metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from attributor.web.parts import SiteParts

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def probe_routes(parts: SiteParts) -> APIRouter:
    """Return /healthz, /readyz and /metrics."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> PlainTextResponse:
        """Answer "ok" as long as the process lives; asks nothing else, so that a slow disk does not restart it."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        """Answer 200 when there is something to show, 503 with the reasons otherwise."""
        reasons = parts.ready()
        return JSONResponse({"ready": not reasons, "reasons": list(reasons)}, status_code=503 if reasons else 200)

    @router.get("/metrics")
    def metrics() -> Response:
        """Answer the Prometheus exposition."""
        return Response(parts.metrics(), media_type=_EXPOSITION)

    return router
