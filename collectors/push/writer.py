"""The one place that writes to a segment: appends are on disk when `write` returns, or leave no trace."""

import os
from contextlib import suppress
from pathlib import Path

from collectors.push.segments import cut_torn_tail, new_segment, segments

# Only Linux has fdatasync, which spares the flush of times that nobody reads.
_flush = getattr(os, "fdatasync", os.fsync)
_DAY = 86_400


class SegmentWriter:
    """Appends to the last segment of a folder whose lock the caller holds; used by one thread.

    A segment is finished, and the next one begun, when it has reached `segment_bytes` or another UTC day begins.
    """

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        """Open the log for appending, cutting a torn tail; raise OSError or CorruptLogError."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        last = segments(folder)[-1:]
        self._length = cut_torn_tail(last[0]) if last else 0
        self._descriptor = _open(last[0] if last else new_segment(folder))
        self._length = self._length or os.fstat(self._descriptor).st_size
        self._day: int | None = None
        self._is_suspect = False

    def write(self, data: bytes, arrived: int) -> None:
        """Append and flush to disk. Raises OSError, and then nothing of `data` will ever be read.

        `arrived` is in seconds since 1970 UTC.
        """
        self._prepare(arrived // _DAY)
        try:
            _write_all(self._descriptor, data)
            _flush(self._descriptor)
        except OSError:
            # After a failed flush the system may have dropped pages of this file, so it is given up once it is cut.
            self._is_suspect = True
            with suppress(OSError):
                self._cut_back()
            raise
        self._length += len(data)

    def close(self) -> None:
        """Close the segment; what is in it stays."""
        os.close(self._descriptor)

    def _prepare(self, day: int) -> None:
        if self._is_suspect:
            self._cut_back()
        is_other_day = self._day is not None and self._day != day
        if self._is_suspect or is_other_day or self._length >= self._segment_bytes:
            following = _open(new_segment(self._folder))
            os.close(self._descriptor)
            self._descriptor = following
            self._length = os.fstat(following).st_size
            self._is_suspect = False
        self._day = day

    def _cut_back(self) -> None:
        os.ftruncate(self._descriptor, self._length)
        os.fsync(self._descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
