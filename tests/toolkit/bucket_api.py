"""APIs that answer in buckets of time, as OpenAI's and Anthropic's do: any window, in pages of so many buckets."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from recorded_api import Answer, Asked

Results = Callable[[datetime], Sequence[dict[str, Any]]]
"""What a bucket has, by its start."""


def openai_buckets(results: Results, a_page: int = 1000) -> Callable[[Asked], Answer]:
    """Answer with start_time and end_time in seconds."""

    def reply(asked: Asked) -> Answer:
        start, end = (datetime.fromtimestamp(int(asked.query[key]), UTC) for key in ("start_time", "end_time"))
        return _page(asked, start, end, a_page, lambda begin, finish: _openai(begin, finish, results(begin)))

    return reply


def anthropic_buckets(results: Results, a_page: int = 1000) -> Callable[[Asked], Answer]:
    """Answer with starting_at and ending_at as RFC 3339."""

    def reply(asked: Asked) -> Answer:
        start, end = (datetime.fromisoformat(asked.query[key]) for key in ("starting_at", "ending_at"))
        return _page(asked, start, end, a_page, lambda begin, finish: _anthropic(begin, finish, results(begin)))

    return reply


def _openai(start: datetime, end: datetime, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    seconds = {"start_time": int(start.timestamp()), "end_time": int(end.timestamp())}
    return {"object": "bucket", **seconds, "results": list(results)}


def _anthropic(start: datetime, end: datetime, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"starting_at": f"{start:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{end:%FT%TZ}", "results": list(results)}


def _page(asked: Asked, start: datetime, end: datetime, a_page: int, bucket: Callable[..., dict[str, Any]]) -> Answer:
    width = timedelta(hours=1) if asked.query["bucket_width"] == "1h" else timedelta(days=1)
    count = min(a_page, int(asked.query["limit"]))
    at = start + int(asked.query.get("page", "page_0").removeprefix("page_")) * width
    buckets = [bucket(at + n * width, at + (n + 1) * width) for n in range(count) if at + n * width < end]
    number = (at - start) // width + len(buckets)
    more = start + number * width < end
    return Answer({"data": buckets, "has_more": more, "next_page": f"page_{number}" if more else None})
