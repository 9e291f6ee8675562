"""Slack's Web API over httpx2: calls that say what became of them, and files (https://docs.slack.dev/reference/methods)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from alerts.channels.base import Accepted, Answer, Postponed, Refused
from alerts.channels.posting import Address, exchange, post

API = "https://slack.com/api"
_PASSING = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_SECONDS = 5.0
"""A message can take several calls, which together must not outlast its claim."""
_JSON = "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Said:
    """What Slack answered to a call that it took."""

    document: Mapping[str, Any]


@dataclass(frozen=True)
class SlackApi:
    """The methods of one bot."""

    url: str
    token: str = field(repr=False)
    clock: Callable[[], datetime]

    def call(self, method: str, arguments: Mapping[str, Any]) -> Said | Answer:
        """Call a method with JSON."""
        return self._called(method, json.dumps(arguments, ensure_ascii=False).encode(), _JSON)

    def upload(self, file: bytes, name: str, place: Mapping[str, str]) -> Said | Answer:
        """Put a file where `place` (channel_id, thread_ts) says, in three steps."""
        asked = urlencode({"filename": name, "length": len(file)}).encode()
        room = self._called("files.getUploadURLExternal", asked, _FORM)
        if not isinstance(room, Said):
            return room
        put = post(Address(room.document["upload_url"], _SECONDS), file, {"Content-Type": "image/png"}, self.clock())
        if not isinstance(put, Accepted):
            return put
        files = [{"id": room.document["file_id"], "title": name}]
        return self.call("files.completeUploadExternal", {"files": files, **place})

    def _called(self, method: str, body: bytes, kind: str) -> Said | Answer:
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self.token}"}
        answer, said = exchange(Address(f"{self.url}/{method}", _SECONDS), body, headers, self.clock())
        if not isinstance(answer, Accepted):
            return answer
        try:
            document = json.loads(said)
        except ValueError:
            return Postponed(f"Slack answered {method} with something that is no JSON")
        if document.get("ok") is True:
            return Said(document)
        error = str(document.get("error", "no reason"))
        text = f"Slack answered {method}: {error}"
        return Postponed(text) if error in _PASSING else Refused(text)
