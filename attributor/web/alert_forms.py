"""What is sent to the API of alerts, and what it answers beside reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Who = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(max_length=10_000)]
AlertKey = Annotated[str, Meta(max_length=500)]
Globs = Annotated[list[Annotated[str, Meta(max_length=500)]], Meta(max_length=1000)]
Moment = Annotated[str, Meta(max_length=50)]


class Handled(msgspec.Struct, forbid_unknown_fields=True):
    """What is done with alerts: `undo` lets acknowledged ones fire again; `for` or `until` is how long they snooze."""

    keys: Annotated[list[AlertKey], Meta(max_length=10_000)]
    by: Who = ""
    note: Words = ""
    undo: bool = False
    length: Moment | None = msgspec.field(default=None, name="for")
    until: Moment | None = None


class Silenced(msgspec.Struct, forbid_unknown_fields=True):
    """A silence: globs by column, for how long or until when, and why."""

    reason: Words
    team: Globs = []
    severity: Globs = []
    kind: Globs = []
    key: Globs = []
    length: Moment | None = msgspec.field(default=None, name="for")
    until: Moment | None = None
    by: Who = ""


class Taught(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody says of an alert: with `planned_until` it is planned, without it, no problem."""

    key: AlertKey
    planned_until: Moment | None = None
    note: Words = ""
    by: Who = ""


class Tested(msgspec.Struct, forbid_unknown_fields=True):
    """Which channel gets a test message."""

    channel: Annotated[str, Meta(max_length=200)]


@dataclass(frozen=True)
class HandledAlert:
    """How an alert stands since it was handled."""

    key: str
    status: str
    snoozed_until: datetime | None


@dataclass(frozen=True)
class HandledAlerts:
    """What was handled, and the keys that no alert has."""

    alerts: tuple[HandledAlert, ...]
    missing: tuple[str, ...]


class SilenceShown(msgspec.Struct):
    """A silence that was set; empty lists match everything."""

    id: int
    start: datetime = msgspec.field(name="from")
    until: datetime
    reason: str
    team: list[str]
    severity: list[str]
    kind: list[str]
    key: list[str]
    by: str


class LessonShown(msgspec.Struct):
    """What was learned; `amount` is what the alert came to, and the pattern fires again above twice that."""

    id: int
    pattern: str
    lesson: str
    until: datetime | None
    key: str
    amount: str | None
    currency: str
    note: str
    by: str
    at: datetime
    taken_back_by: str
    taken_back_at: datetime | None
