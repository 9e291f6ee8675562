"""/api/v1/allocations: costs by window and group, asked for as OpenCost's allocations are."""

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import JSONResponse

from attributor.ledger.engine import reading
from attributor.money import plain, total
from attributor.periods import start_of
from attributor.reports.allocations.filters import FilterError, parse_filter
from attributor.reports.allocations.report import (
    Allocation,
    Allocations,
    AllocationSet,
    AllocationsRequest,
    allocations,
)
from attributor.reports.allocations.windows import Calendar, Window, WindowError, along_calendar, cut, parse_window
from attributor.reports.costs import Basis, SeveralCurrenciesError, parse_dimensions
from attributor.web.parts import SiteParts

_MOST = 50_000
_CALENDAR: tuple[Calendar, ...] = ("day", "week", "month", "quarter")


@dataclass(frozen=True)
class Asked:
    """What an address asks for, as it is written there."""

    window: Annotated[str, Query(max_length=100, description="7d, lastmonth, 2026-10, or two UTC midnights")]
    aggregate: Annotated[str, Query(max_length=1000, description="Dimensions, as in team,service")] = "team"
    step: Annotated[str | None, Query(max_length=20, description="How long a set is, as in 1d")] = None
    accumulate: Annotated[str, Query(max_length=10, description="true, false, day, week, month, quarter")] = "false"
    includeIdle: Annotated[bool, Query(description="Whether idle capacity is in the sets, as __idle__")] = False  # noqa: N815
    filter: Annotated[str, Query(max_length=4000, description='As in team:"search"+service!:"Amazon S3"')] = ""
    basis: Annotated[Basis, Query(description="What totalCost is")] = "effective"
    currency: Annotated[str | None, Query(max_length=20, description="Which one, where there are several")] = None
    limit: Annotated[int | None, Query(ge=1, le=_MOST, description="The most allocations in one answer")] = None
    cursor: Annotated[str | None, Query(max_length=2000, description="`next` of the answer before")] = None


def allocation_routes(parts: SiteParts) -> APIRouter:
    """Return /api/v1/allocations."""
    router = APIRouter(prefix="/api/v1", tags=["allocations"])

    @router.get("/allocations")
    def read(asked: Annotated[Asked, Depends()]) -> JSONResponse:
        """Answer sets of allocations, each summing exactly to what its days cost; amounts are decimal strings."""
        try:
            request = _request(parts, asked)
            after = _read_cursor(asked.cursor)
            with reading(parts.engine) as connection:
                found = allocations(connection, request)
        except (WindowError, FilterError, SeveralCurrenciesError, ValueError) as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(_document(found, asked.limit, after))

    return router


def _request(parts: SiteParts, asked: Asked) -> AllocationsRequest:
    """Read what is asked; raises ValueError in words for whoever asks."""
    configured = parts.dimensions()
    return AllocationsRequest(
        windows=_windows(asked, parts.clock().date()),
        by=parse_dimensions(asked.aggregate, configured),
        basis=asked.basis,
        currency=asked.currency,
        include_idle=asked.includeIdle,
        filter=parse_filter(asked.filter, configured) if asked.filter.strip() else None,
    )


def _windows(asked: Asked, today: date) -> tuple[Window, ...]:
    window = parse_window(asked.window, today)
    if asked.accumulate == "true":
        return (window,)
    if asked.accumulate == "false":
        return cut(window, asked.step)
    for by in _CALENDAR:
        if asked.accumulate == by:
            return along_calendar(window, by)
    raise WindowError(f"accumulate={asked.accumulate!r} cannot be read; write true, false, {', '.join(_CALENDAR)}")


def _document(found: Allocations, limit: int | None, after: tuple[date, str] | None) -> dict[str, Any]:
    count = sum(len(each.allocations) for each in found.sets)
    if limit is None and after is None and count > _MOST:
        raise HTTPException(400, f"these are {count:,} allocations; ask for up to {_MOST:,} at a time with limit")
    sets, following = _page(found.sets, limit, after)
    totals = [each.costs[found.basis] for whole in found.sets for each in whole.allocations]
    return {
        "code": 200,
        "currency": found.currency or None,
        "basis": found.basis,
        "totalCost": plain(total(totals)),
        "idleLeftOut": plain(found.idle_left_out),
        "data": [{each.name: _entry(each, whole, found.basis) for each in whole.allocations} for whole in sets],
        "next": following,
    }


def _entry(allocation: Allocation, of: AllocationSet, basis: Basis) -> dict[str, Any]:
    start, end = (start_of(day).isoformat().replace("+00:00", "Z") for day in (of.start, of.end))
    return {
        "name": allocation.name,
        "properties": dict(allocation.properties),
        "window": {"start": start, "end": end},
        "start": start,
        "end": end,
        "minutes": (of.end - of.start).days * 24 * 60,
        **{f"{name}Cost": plain(cost) for name, cost in allocation.costs.items()},
        "totalCost": plain(allocation.costs[basis]),
    }


def _page(
    sets: tuple[AllocationSet, ...], limit: int | None, after: tuple[date, str] | None
) -> tuple[tuple[AllocationSet, ...], str | None]:
    """Keep to `limit` allocations behind a place, in the order of sets and names; say from where to go on."""
    if limit is None and after is None:
        return sets, None
    places = [(whole.start, each.name) for whole in sets for each in whole.allocations]
    left = [place for place in places if after is None or place > after]
    kept = set(left[:limit])
    page = [
        replace(whole, allocations=tuple(each for each in whole.allocations if (whole.start, each.name) in kept))
        for whole in sets
    ]
    following = _cursor(left[limit - 1]) if limit is not None and len(left) > limit else None
    return tuple(whole for whole in page if whole.allocations), following


def _cursor(place: tuple[date, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([place[0].isoformat(), place[1]]).encode()).decode()


def _read_cursor(text: str | None) -> tuple[date, str] | None:
    if text is None:
        return None
    try:
        day, name = json.loads(base64.urlsafe_b64decode(text.encode()))
        return date.fromisoformat(day), str(name)
    except (binascii.Error, UnicodeError, ValueError, TypeError) as error:
        raise ValueError("cursor is not `next` of an answer before") from error
