"""`--for` and `--until`: until when something holds."""

from datetime import UTC, datetime, timedelta

import click

from attributor.config.values import parse_duration


def lasting(length: str | None, until: str | None, now: datetime) -> datetime:
    """Return the end of what lasts for a length of time or until a moment, which is UTC where it names no zone.

    Raises click.UsageError where neither or both are given, where they cannot be read, and where it is over already.
    """
    if (length is None) == (until is None):
        raise click.UsageError("say either --for, as in 2h or 1d, or --until, as in 2026-12-01T08:00")
    end = now + _length(length) if length is not None else moment(until or "")
    if end <= now:
        raise click.UsageError(f"{end:%Y-%m-%d %H:%M} UTC is over already")
    return end


def moment(text: str) -> datetime:
    """Read a day or a moment in ISO 8601; raises click.UsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is not a moment; write it as 2026-12-01 or 2026-12-01T08:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
