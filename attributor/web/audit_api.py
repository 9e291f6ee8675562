"""/api/v1/audit: who changed what, the newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from attributor.ledger.audit import changes
from attributor.reports.document import document
from attributor.web.bodies import LARGEST_NUMBER
from attributor.web.described import answers, documented
from attributor.web.parts import SiteParts

Limit = Annotated[int, Query(ge=1, le=1000, description="How many changes")]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER, description="`next` of the answer before")]


@dataclass(frozen=True)
class ChangeMade:
    """A change with its number; `via` is how somebody had signed in, or cli or slack."""

    id: int
    at: datetime
    who: str
    via: str
    action: str
    detail: str


@dataclass(frozen=True)
class ChangesMade:
    """Changes, the newest first; `next` is the `before` of those behind them, None where there are none."""

    changes: tuple[ChangeMade, ...]
    next: int | None


def audit_routes(parts: SiteParts) -> APIRouter:
    """Return /api/v1/audit."""
    router = APIRouter(prefix="/api/v1", tags=["access"])

    @router.get("/audit", responses=answers(documented(ChangesMade)))
    def read(limit: Limit = 100, before: Before = None) -> JSONResponse:
        """Answer the newest changes, or those before a number."""
        found = changes(parts.engine, limit, before)
        rows = tuple(
            ChangeMade(number, each.at, each.who, each.via, each.action, each.detail) for number, each in found
        )
        return JSONResponse(document(ChangesMade(rows, found[-1][0] if len(found) == limit else None)))

    return router
