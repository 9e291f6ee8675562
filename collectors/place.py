"""A place: one file of a source, wherever it lies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One file as it was listed.

    `name` is how people know it: relative to the configuration's folder, or s3://bucket/key. `fingerprint` changes
    with the content: modification time in nanoseconds and size, or the object's ETag. `location` is what opens it.
    """

    name: str
    size: int
    fingerprint: str
    location: str
