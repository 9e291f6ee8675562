"""The machine's clock: the only place that asks it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present, aware UTC."""
    return datetime.now(UTC)
