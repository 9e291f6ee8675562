"""Byte streams of text files: unpacked, brought to UTF-8 and counted on the way."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np

_GZIP_MAGIC = b"\x1f\x8b"
_WIDEST = 4
"""Bytes of UTF-8 that one byte of another encoding can become at most."""

UNREADABLE = (EOFError, OSError, UnicodeError, zlib.error, csv.Error)
"""What reading a truncated, damaged or wrongly encoded file raises."""


def why_unreadable(error: Exception) -> str:
    """Say for the user why a file could not be read."""
    if isinstance(error, UnicodeDecodeError):
        return f"is no {error.encoding} text ({error.reason}); name its encoding with encoding:"
    return f"cannot be read: {error}"


class StreamCounts:
    """What passed through a stream, to tell whether quoting may have swallowed rows."""

    def __init__(self) -> None:
        self._newlines = 0
        self._quotes = 0
        self._last = b""

    def note(self, data: bytes) -> None:
        """Count what is in the next bytes."""
        octets = np.frombuffer(data, np.uint8)
        self._newlines += int(np.count_nonzero(octets == ord("\n")))
        self._quotes += int(np.count_nonzero(octets == ord('"')))
        self._last = data[-1:] or self._last

    @property
    def odd_quotes(self) -> bool:
        """Whether a quote may have been opened and never closed."""
        return self._quotes % 2 == 1

    @property
    def lines(self) -> int:
        """How many lines there were, a last one without a line break included."""
        return self._newlines + (self._last not in {b"\n", b""})


class Utf8Stream(io.RawIOBase):
    """The bytes of a text as UTF-8, counted on the way."""

    def __init__(self, source: IO[bytes], encoding: str, counts: StreamCounts) -> None:
        self._source = source
        self._counts = counts
        plain = codecs.lookup(encoding).name == "utf-8"
        self._decoder = None if plain else codecs.getincrementaldecoder(encoding)()

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; b"" only at the end. Raises what UNREADABLE names."""
        if self._decoder is None:
            data = self._source.read(size)
            self._counts.note(data)
            return data
        while True:
            # The reader's buffer holds `size` bytes, and re-encoding must not outgrow it.
            piece = self._source.read(max(size // _WIDEST - _WIDEST, 1) if size > 0 else size)
            data = self._decoder.decode(piece, final=not piece).encode()
            if data or not piece:
                self._counts.note(data)
                return data


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, through gzip where its first bytes say so."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    with path.open("rb") as file:
        if not packed:
            yield file
            return
        with gzip.open(file, "rb") as unpacked:
            yield cast("IO[bytes]", unpacked)  # typeshed has GzipFile apart from IO; it reads as one


@contextmanager
def open_text(path: Path, encoding: str, errors: str = "strict") -> Iterator[io.TextIOWrapper]:
    """Open a file as text with its line breaks kept; a byte order mark is skipped."""
    signed = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    with open_bytes(path) as source, io.TextIOWrapper(source, encoding=signed, newline="", errors=errors) as text:
        yield text
