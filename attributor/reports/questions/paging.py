"""Answers in pages: a cursor is the place of the last row that was given, so that nothing is told twice or left out."""

import base64
import binascii
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from attributor.reports.questions.asked import MOST, QuestionError

T = TypeVar("T")
NO_CURSOR = "cursor is not `next` of an answer before"
Place: TypeAlias = tuple[str | int, ...]
"""Where a row stands among all others: rows are in the order of their places."""


class MovedError(QuestionError):
    """The rows are in another order than when the page before was given: going on would lose or repeat some."""


def page_of_moving(
    rows: Sequence[T], place_of: Callable[[T], Place], limit: int | None, cursor: str | None
) -> tuple[tuple[T, ...], str | None]:
    """Return what `page` does of rows whose places change with what they hold, as those of the most expensive first.

    The cursor holds which rows there were. Raises MovedError where there are others now.
    """
    state = hashlib.sha256(json.dumps([place_of(row) for row in rows]).encode()).hexdigest()[:16]
    seen, _, inner = (cursor or "").partition(".")
    if cursor is not None and not (seen and inner):
        raise QuestionError(NO_CURSOR)
    given, following = page(rows, place_of, limit, inner or None)
    if cursor is not None and seen != state:
        raise MovedError("what is asked for has changed since the page before; begin again without cursor")
    return given, None if following is None else f"{state}.{following}"


def page(
    rows: Sequence[T], place_of: Callable[[T], Place], limit: int | None, cursor: str | None
) -> tuple[tuple[T, ...], str | None]:
    """Return up to `limit` rows behind the cursor, and the cursor of what follows, None where nothing does.

    `rows` are in the order of their places, which are unique and all of one form. Raises QuestionError for a cursor
    that is none, and for more rows than one answer may hold.
    """
    if limit is None and cursor is None and len(rows) > MOST:
        raise QuestionError(f"these are {len(rows):,} rows; ask for up to {MOST:,} at a time with limit")
    left = rows if cursor is None else _behind(rows, place_of, cursor)
    given = tuple(left[: limit or MOST])
    return given, _written(place_of(given[-1])) if len(left) > len(given) else None


def _behind(rows: Sequence[T], place_of: Callable[[T], Place], cursor: str) -> Sequence[T]:
    last = last_place(cursor)
    if rows and list(map(type, last)) != list(map(type, place_of(rows[0]))):
        raise QuestionError(NO_CURSOR)
    return rows[bisect_right(rows, last, key=place_of) :]


def last_place(cursor: str) -> Place:
    """Return the place of the last row that was given; raise QuestionError for a cursor that is none."""
    try:
        found = tuple(json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True)))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise QuestionError(NO_CURSOR) from error
    if not found or not all(isinstance(each, str | int) for each in found):
        raise QuestionError(NO_CURSOR)
    return found


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
