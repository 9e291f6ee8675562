"""The log's records: one accepted batch each, with its length and a CRC32, so that a torn one shows.

A record is its arrival (seconds since 1970 UTC) and count, the 16-byte digests of its ids, and its events in msgpack.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from collectors.push.digests import DIGEST_BYTES
from collectors.push.fields import UsageEvent

MAGIC = b"USAGELG1"
"""The first bytes of every segment."""

_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<qI")
_LONGEST = 2**30

# Facts are packed in one order, so that equal facts are equal bytes.
_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(list[UsageEvent])


class CorruptLogError(Exception):
    """A segment cannot be read, or not to its end although it was finished."""


@dataclass(frozen=True)
class Record:
    """One record as it lies in a segment; it ends before byte `end`."""

    end: int
    arrived: int
    count: int
    body: bytes

    @property
    def digests(self) -> bytes:
        """The digests of its ids, joined."""
        return self.body[_HEAD.size : self._events_start]

    @property
    def packed_events(self) -> bytes:
        """Its events in msgpack: a list of arrays in the order of UsageEvent's fields."""
        return self.body[self._events_start :]

    @property
    def _events_start(self) -> int:
        return _HEAD.size + DIGEST_BYTES * self.count

    def events(self) -> list[UsageEvent]:
        """Return its events."""
        return _decoder.decode(self.packed_events)


def pack_events(events: Sequence[UsageEvent]) -> bytes:
    """Return events as a record holds them."""
    return _encoder.encode(events)


def record_parts(packed_events: bytes, digests: bytes, arrived: int) -> tuple[bytes, bytes, bytes]:
    """Return the bytes of a record, in parts; there is at least one event, and `digests` are those of all ids, joined.

    `arrived` is in seconds since 1970 UTC.
    """
    head = _HEAD.pack(arrived, len(digests) // DIGEST_BYTES)
    checksum = zlib.crc32(packed_events, zlib.crc32(digests, zlib.crc32(head)))
    length = len(head) + len(digests) + len(packed_events)
    return _FRAME.pack(length, checksum) + head, digests, packed_events


def read_records(path: Path) -> Iterator[Record]:
    """Yield a segment's whole records from the first on, and stop before one that is torn or not yet whole.

    Whether that is the file's end is for the caller to judge, by the last `end`. Raises OSError, and CorruptLogError
    where the file does not even begin like a segment.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise CorruptLogError(f"{path} is not a segment of a usage log; restore it from a backup")
        while (record := _next_record(file)) is not None:
            yield record


def _next_record(file: BinaryIO) -> Record | None:
    frame = file.read(_FRAME.size)
    if len(frame) < _FRAME.size:
        return None
    length, checksum = _FRAME.unpack(frame)
    if not _HEAD.size <= length <= _LONGEST:
        return None
    body = file.read(length)
    if len(body) < length or zlib.crc32(body) != checksum:
        return None
    arrived, count = _HEAD.unpack_from(body)
    return Record(file.tell(), arrived, count, body)
