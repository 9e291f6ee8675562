"""What Anthropic's organization API is, for usage and costs alike."""

from datetime import datetime
from typing import Any

from collectors.api.buckets import Bounds
from collectors.http import Server

URL = "https://api.anthropic.com"
VARIABLE = "ANTHROPIC_ADMIN_API_KEY"
PERMISSION = "an admin key of the organization (sk-ant-admin…), which only its admins can make"
DEFAULT_WORKSPACE = "default"
"""Our name for the workspace that Anthropic gives no id: it is one, and not a missing value."""
_VERSION = "2023-06-01"


def anthropic_server(url: str, admin_key: str) -> Server:
    """Return the API as it is asked with an admin key."""
    return Server(url, headers={"x-api-key": admin_key, "anthropic-version": _VERSION})


def _read(text: Any) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return instant


BOUNDS = Bounds(
    start="starting_at",
    end="ending_at",
    written=lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}",
    read=_read,
)
"""RFC 3339 with an offset."""
