"""A place: one file of a source, wherever it lies."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Place:
    """One file as it was listed.

    `name` is how people know it: relative to the configuration's folder, or its address. `fingerprint` changes with
    the content: modification time in nanoseconds and size, or the object's ETag or generation. `location` is what opens
    it; an address in it may be signed, so that it is not shown. `modified` is when a store wrote it, where that tells
    which of two files is newer; on disk copies have times of their own.
    """

    name: str
    size: int
    fingerprint: str
    location: str = field(repr=False)
    modified: datetime | None = None
