"""What a place takes, and what it says where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from attributor.periods import Month


class DeliveryError(Exception):
    """A place did not take the files; `permanent` where trying again unchanged cannot help. It holds no secret."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class SendableFile(Protocol):
    """A statement as a file."""

    @property
    def name(self) -> str:
        """The file's name."""

    @property
    def media_type(self) -> str:
        """Its media type, with parameters where it has any."""

    @property
    def content(self) -> bytes:
        """Its bytes."""


@dataclass(frozen=True)
class Shipment:
    """One statement in one or more forms; `text` says in a few lines what it is, `key` tells it from all others."""

    month: Month
    title: str
    text: str
    key: str
    made_at: datetime
    files: Sequence[SendableFile]
