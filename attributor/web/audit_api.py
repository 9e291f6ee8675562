"""/api/v1/audit: who changed what, the newest first."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from attributor.ledger.audit import changes
from attributor.reports.document import document
from attributor.web.parts import SiteParts

Limit = Annotated[int, Query(ge=1, le=1000, description="How many changes")]
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next` of the answer before")]


def audit_routes(parts: SiteParts) -> APIRouter:
    """Return /api/v1/audit."""
    router = APIRouter(prefix="/api/v1", tags=["access"])

    @router.get("/audit")
    def read(limit: Limit = 100, before: Before = None) -> JSONResponse:
        """Answer the newest changes, or those before a number."""
        found = changes(parts.engine, limit, before)
        rows = [{"id": number, **document(change)} for number, change in found]
        following = found[-1][0] if len(found) == limit else None
        return JSONResponse({"changes": rows, "next": following})

    return router
