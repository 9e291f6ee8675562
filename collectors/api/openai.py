"""What OpenAI's organization API is, for usage and costs alike."""

from datetime import UTC, datetime

from collectors.api.buckets import Bounds

URL = "https://api.openai.com/v1"
VARIABLE = "OPENAI_ADMIN_KEY"
PERMISSION = "an admin key of the organization (sk-admin-…) that may read usage: api.usage.read"

BOUNDS = Bounds(
    start="start_time",
    end="end_time",
    written=lambda instant: str(int(instant.timestamp())),
    read=lambda seconds: datetime.fromtimestamp(int(seconds), UTC),
)
"""Seconds since 1970."""
