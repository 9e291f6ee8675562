"""What every question to Prometheus needs: how instants, durations and selectors are written, and answers read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.base import CollectError
from collectors.http import Server

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def selected(metric: str, selector: str) -> str:
    """Return a metric with label matchers."""
    return f"{metric}{{{selector}}}"


def in_seconds(length: timedelta) -> str:
    """Write a whole number of seconds as a duration."""
    return f"{int(length.total_seconds())}s"


def timestamp(instant: datetime) -> str:
    """Write an instant as Unix seconds with its milliseconds."""
    milliseconds = (instant - EPOCH) // MILLISECOND
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def result_of(answer: Any, server: Server) -> list[Mapping[str, Any]]:
    """Return the result of an answer; a partial one, which Prometheus marks with warnings, is refused."""
    if not isinstance(answer, dict) or answer.get("status") != "success" or "data" not in answer:
        raise CollectError(f"{server.shown} gave an answer that is not Prometheus'", permanent=True)
    if answer.get("warnings"):
        raise CollectError(f"{server.shown} answered in part only: {answer['warnings'][0]}", permanent=False)
    result: list[Mapping[str, Any]] = answer["data"]["result"]
    return result
