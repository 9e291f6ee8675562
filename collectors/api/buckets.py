"""APIs that answer in buckets of time: `data` of buckets with `results`, `has_more` and `next_page`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collectors.api.pages import Page, walk
from collectors.api.session import Session
from collectors.base import CollectError, Window
from collectors.http import Params

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Bounds:
    """How an API spells the start and the end of a span, in what is asked and in what it answers."""

    start: str
    end: str
    written: Callable[[datetime], str]
    read: Callable[[Any], datetime]
    """Raises ValueError or TypeError where a value is no time."""


@dataclass(frozen=True)
class BucketQuery:
    """What is asked for: buckets of `width`, at most `most` on a page, a result for each value of `group_by`.

    `naming` are the fields of a result that say what it is of: no two results of a bucket agree in all of them
    unless they stand on one page.
    """

    path: str
    bounds: Bounds
    width: timedelta
    most: int
    group_by: Sequence[str]
    naming: Sequence[str]


def ask_buckets(session: Session, query: BucketQuery, window: Window) -> Mapping[Window, Sequence[Result]]:
    """Return the results of every bucket within the window that was answered, the earliest first.

    An empty bucket is there without results; one that was not answered is not there. Raises CollectError: a permanent
    one where the answer has another form, one that is not where a result comes on two pages.
    """
    found: dict[Window, list[Result]] = {}
    names: set[tuple[Window, tuple[str, ...]]] = set()
    for buckets in walk(lambda token: _page(session, query, window, token), session.server.shown):
        new: set[tuple[Window, tuple[str, ...]]] = set()
        for bucket in buckets:
            span, results = _bucket(session, query, bucket)
            if not (window.start <= span.start and span.end <= window.end):
                continue
            found.setdefault(span, []).extend(results)
            new |= {(span, tuple(repr(result.get(name)) for name in query.naming)) for result in results}
        if names & new:
            raise CollectError(f"{_where(session, query)} gave the same result on two pages", permanent=False)
        names |= new
    return dict(sorted(found.items()))


def _page(session: Session, query: BucketQuery, window: Window, token: str | None) -> Page:
    bounds = query.bounds
    hours = query.width < timedelta(days=1)
    params: dict[str, str | Sequence[str]] = {
        bounds.start: bounds.written(window.start),
        bounds.end: bounds.written(window.end),
        "bucket_width": "1h" if hours else "1d",
        "limit": str(min(query.most, max(1, (window.end - window.start) // query.width))),
        "group_by[]": query.group_by,
    }
    return _read_page(session, query, session.get(query.path, _with_page(params, token)))


def _with_page(params: Params, token: str | None) -> Params:
    return params if token is None else {**params, "page": token}


def _read_page(session: Session, query: BucketQuery, answer: Any) -> Page:
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise CollectError(f"{_where(session, query)} answered with no list of buckets under data", permanent=True)
    following = answer.get("next_page")
    if not answer.get("has_more"):
        following = None
    elif not isinstance(following, str) or not following:
        raise CollectError(f"{_where(session, query)} has more pages and does not name the next", permanent=False)
    return Page(answer["data"], following)


def _bucket(session: Session, query: BucketQuery, bucket: Any) -> tuple[Window, Sequence[Result]]:
    where = _where(session, query)
    if not isinstance(bucket, dict) or not isinstance(bucket.get("results"), list):
        raise CollectError(f"{where} answered with a bucket that has no list of results", permanent=True)
    results: Sequence[Any] = bucket["results"]
    if not all(isinstance(result, dict) for result in results):
        raise CollectError(f"{where} answered with a result that has no fields", permanent=True)
    bounds = query.bounds
    try:
        span = Window(bounds.read(bucket[bounds.start]), bounds.read(bucket[bounds.end]))
    except KeyError as error:
        raise CollectError(f"{where} answered with a bucket that has no {error.args[0]}", permanent=True) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise CollectError(
            f"{where} answered with a bucket whose time cannot be read: {error}", permanent=True
        ) from error
    if span.end - span.start != query.width:
        message = f"{where} answered with a bucket of {span.end - span.start} where {query.width} was asked for"
        raise CollectError(message, permanent=True)
    return span, results


def _where(session: Session, query: BucketQuery) -> str:
    return f"{session.server.shown}/{query.path}"
