"""Costs by window and group, asked for and answered as OpenCost's allocations are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from attributor.ledger.engine import reading
from attributor.periods import start_of
from attributor.reports.allocations.filters import parse_filter
from attributor.reports.allocations.report import (
    Allocation,
    AllocationSet,
    AllocationsRequest,
    Part,
    allocations,
)
from attributor.reports.allocations.windows import Calendar, Window, WindowError, along_calendar, cut, parse_window
from attributor.reports.costs import Basis, parse_dimensions
from attributor.reports.questions.asked import (
    MOST,
    CostBasis,
    Currency,
    Cursor,
    Filter,
    Limit,
    Question,
    QuestionError,
    worded,
)
from attributor.reports.questions.books import Books
from attributor.reports.questions.paging import NO_CURSOR, Place, last_place, page

_CALENDAR: tuple[Calendar, ...] = ("day", "week", "month", "quarter")


class AllocationsQuestion(Question):
    """Costs by window, step and group."""

    window: Annotated[str, Field(max_length=100, description="7d, lastmonth, 2026-10, or two UTC midnights")]
    aggregate: Annotated[str, Field(max_length=1000, description="Dimensions, as in team,service")] = "team"
    step: Annotated[str | None, Field(max_length=20, description="How long a set is, as in 1d")] = None
    accumulate: Annotated[str, Field(max_length=10, description="true, false, day, week, month, quarter")] = "false"
    include_idle: Annotated[
        bool, Field(alias="includeIdle", description="Whether idle capacity is in the sets, as __idle__")
    ] = False
    resolution: Annotated[
        str | None, Field(max_length=20, description="OpenCost's; bills are not sampled, so that it changes nothing")
    ] = None
    filter: Filter = ""
    basis: CostBasis = "effective"
    currency: Currency = None
    limit: Limit = None
    cursor: Cursor = None


@dataclass(frozen=True)
class DaysOfSet:
    """UTC moments, half-open, as OpenCost writes them: 2026-10-01T00:00:00Z."""

    start: str
    end: str


@dataclass(frozen=True)
class NamedAllocation:
    """One group of a set, with its cost in each basis; `totalCost` is the one that was asked for."""

    name: str
    properties: Mapping[str, str]
    window: DaysOfSet
    start: str
    end: str
    minutes: int
    effectiveCost: Decimal  # noqa: N815 - OpenCost's spelling, here and below
    billedCost: Decimal  # noqa: N815
    listCost: Decimal  # noqa: N815
    totalCost: Decimal  # noqa: N815


@dataclass(frozen=True)
class AllocationsAnswer:
    """Sets of allocations by name; all of them, on whichever page, sum exactly to `totalCost`."""

    code: Literal[200]
    currency: str | None
    basis: Basis
    totalCost: Decimal  # noqa: N815
    idleLeftOut: Decimal  # noqa: N815
    data: tuple[Mapping[str, NamedAllocation], ...]
    next: str | None


_Row = tuple[AllocationSet, Allocation]


def answer_allocations(books: Books, asked: AllocationsQuestion) -> AllocationsAnswer:
    """Answer; raises QuestionError."""
    with worded():
        request = _request(books, asked)
        with reading(books.figures()) as connection:
            found = allocations(connection, request, _part(asked, request))
    rows = [(whole, each) for whole in found.sets for each in whole.allocations]
    given, following = page(rows, _place, asked.limit, asked.cursor)
    sets: dict[date, dict[str, NamedAllocation]] = {}
    if asked.limit is None and asked.cursor is None:
        sets = {whole.start: {} for whole in found.sets}
    for whole, each in given:
        sets.setdefault(whole.start, {})[each.name] = _named(whole, each, found.basis)
    return AllocationsAnswer(
        code=200,
        currency=found.currency or None,
        basis=found.basis,
        totalCost=found.total,
        idleLeftOut=found.idle_left_out,
        data=tuple(sets.values()),
        next=following,
    )


def _part(asked: AllocationsQuestion, request: AllocationsRequest) -> Part | None:
    """Return which sets a page is in; None where all are asked for."""
    if asked.limit is None and asked.cursor is None:
        return None
    before = request.windows[0].start - timedelta(days=1)
    since = before if asked.cursor is None else _day(last_place(asked.cursor)[0])
    return Part(since, asked.limit or MOST)


def _day(text: str | int) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise QuestionError(NO_CURSOR) from error


def _request(books: Books, asked: AllocationsQuestion) -> AllocationsRequest:
    configured = books.dimensions()
    return AllocationsRequest(
        windows=_windows(asked, books.clock().date()),
        by=parse_dimensions(asked.aggregate, configured),
        basis=asked.basis,
        currency=asked.currency,
        include_idle=asked.include_idle,
        filter=parse_filter(asked.filter, configured) if asked.filter.strip() else None,
    )


def _windows(asked: AllocationsQuestion, today: date) -> tuple[Window, ...]:
    window = parse_window(asked.window, today)
    accumulate = asked.accumulate.casefold()
    if accumulate == "true":
        return (window,)
    if accumulate == "false":
        return cut(window, asked.step)
    for by in _CALENDAR:
        if accumulate == by:
            return along_calendar(window, by)
    if accumulate == "hour":
        raise WindowError("accumulate='hour' is finer than costs are kept, which is by day; write day")
    raise WindowError(f"accumulate={asked.accumulate!r} cannot be read; write true, false, {', '.join(_CALENDAR)}")


def _named(of: AllocationSet, allocation: Allocation, basis: Basis) -> NamedAllocation:
    start, end = (f"{start_of(day):%Y-%m-%dT%H:%M:%SZ}" for day in (of.start, of.end))
    costs = allocation.costs
    return NamedAllocation(
        name=allocation.name,
        properties=allocation.properties,
        window=DaysOfSet(start, end),
        start=start,
        end=end,
        minutes=(of.end - of.start).days * 24 * 60,
        effectiveCost=costs["effective"],
        billedCost=costs["billed"],
        listCost=costs["list"],
        totalCost=costs[basis],
    )


def _place(row: _Row) -> Place:
    whole, each = row
    return whole.start.isoformat(), each.name
