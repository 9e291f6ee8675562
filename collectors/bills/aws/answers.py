"""Answers that cost money: kept in files for a while, counted by the UTC day, and capped."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from collectors.base import CollectError


@dataclass(frozen=True)
class Answers:
    """A folder of answers and of the number of requests of each day; it may be deleted at any time.

    `fresh` is how long an answer is good for, `most` the most requests of one UTC day.
    """

    folder: Path
    fresh: timedelta
    most: int
    clock: Callable[[], datetime]

    def get(self, request: Mapping[str, Any], ask: Callable[[], Any]) -> Any:
        """Return the kept answer to a request, or ask, count and keep it.

        Raises a CollectError that is not permanent where the day's requests are used up.
        """
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:32]
        kept = self._read(f"answer-{digest}.json")
        now = self.clock()
        if kept and timedelta() <= now - datetime.fromisoformat(kept["asked"]) < self.fresh:
            return kept["answer"]
        counter = f"requests-{now:%Y-%m-%d}.json"
        made = self._read(counter).get("requests", 0)
        if made >= self.most:
            message = f"{made} requests were made today, the most that max_requests allows"
            raise CollectError(message, permanent=False)
        self._write(counter, {"requests": made + 1})  # before asking: what fails may be charged too
        answer = ask()
        self._write(f"answer-{digest}.json", {"asked": now.isoformat(), "answer": answer})
        return answer

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CollectError(f"{self.folder / name} cannot be read: {error}; delete it", permanent=True) from error
        return found

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self.folder / f"{name}.new"
            new.write_text(json.dumps(document), encoding="utf-8")
            os.replace(new, self.folder / name)  # noqa: PTH105 -- atomic, over what is there
        except OSError as error:
            raise CollectError(f"{self.folder / name} cannot be written: {error.strerror}", permanent=True) from error
