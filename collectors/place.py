"""A place: one file of a source, wherever it lies."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """One file as it was listed.

    `name` is how people know it: relative to the configuration's folder, or its address. `fingerprint` changes with
    the content: modification time in nanoseconds and size, or the object's ETag or generation. `location` is what opens
    it; an address in it may be signed, so that it is not shown.
    """

    name: str
    size: int
    fingerprint: str
    location: str = field(repr=False)
