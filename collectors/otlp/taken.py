"""Which of what a service sends is counted: its spans or its metrics tell of the same calls, and never both count."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from collectors.push.segments import write_whole

SPANS: Final = "spans"
METRICS: Final = "metrics"
FIRST: Final = "first"
CHOICES = (FIRST, SPANS, METRICS)

_SILENCE = timedelta(days=1)
_WRITTEN_EVERY = timedelta(hours=1)
_FORGOTTEN = timedelta(days=60)


@dataclass(frozen=True)
class Choice:
    """Whether a kind is counted, and what of it: what was used from `since` on, in nanoseconds since 1970 UTC."""

    is_taken: bool
    since: int = 0
    reason: str = ""


class _Entry(msgspec.Struct):
    """The kind that is counted of a service, when it last came, and since when, where another was before it."""

    kind: str
    last: datetime
    since: datetime | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, _Entry])


class Taken:
    """Remembers, in a file beside the log, which kind is counted of each service; used by any thread.

    Without a choice the kind that came first is counted, and another takes its place when that has been silent for a
    day: what it tells from then on.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime], chosen: str = FIRST) -> None:
        """Read what was remembered; raise OSError, or ValueError where the file is damaged."""
        self._path = path
        self._clock = clock
        self._chosen = chosen
        self._lock = threading.Lock()
        self._written = datetime.min.replace(tzinfo=UTC)
        try:
            self._entries = _decoder.decode(path.read_bytes())
        except FileNotFoundError:
            self._entries = {}
        except msgspec.DecodeError as error:
            raise ValueError(f"{path} is damaged: {error}; restore it from a backup") from error

    def take(self, service: str, kind: str, contest: str = "calls") -> Choice:
        """Say whether what a service sends of a kind is counted; raise OSError where that cannot be remembered.

        A contest is among kinds that tell the same. The configured choice is among spans and metrics alone.
        """
        chosen = self._chosen if contest == "calls" and self._chosen != FIRST else None
        with self._lock:
            now = self._clock()
            entry = self._entries.get(f"{contest}:{service}")
            if (chosen or kind) != kind:
                return Choice(is_taken=False, reason=_reason(service, kind, chosen or "", "as otlp_counts says"))
            if entry is not None and entry.kind != kind and chosen is None and now - entry.last < _SILENCE:
                why = "which came first; otlp_counts chooses" if contest == "calls" else "which came first"
                return Choice(is_taken=False, reason=_reason(service, kind, entry.kind, why))
            return self._noted(f"{contest}:{service}", kind, now)

    def _noted(self, key: str, kind: str, now: datetime) -> Choice:
        entry = self._entries.get(key)
        if entry is None or entry.kind != kind:
            entry = _Entry(kind, now, None if entry is None else now)
            self._write({**self._entries, key: entry}, now)
        else:
            entry.last = max(entry.last, now)
            if now - self._written >= _WRITTEN_EVERY:
                self._write(self._entries, now)
        return Choice(is_taken=True, since=0 if entry.since is None else int(entry.since.timestamp()) * 10**9)

    def _write(self, entries: dict[str, _Entry], now: datetime) -> None:
        kept = {key: entry for key, entry in entries.items() if now - entry.last < _FORGOTTEN}
        write_whole(self._path, _encoder.encode(kept))
        self._entries, self._written = kept, now


def _reason(service: str, kind: str, other: str, why: str) -> str:
    return f"{kind} of {service or 'a service without a name'} are not counted: its {other} are, {why}"
