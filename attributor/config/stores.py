"""`store:` and `web:`."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from attributor.config.keys import STORE, WEB
from attributor.config.options import typed_options
from attributor.config.settings import StoreSettings, WebSettings
from rules.located import Located
from rules.problem import Problem

EDITORS = {"false": "", "true": "admin", "admin": "admin", "finance": "finance"}
"""How `edit_budgets` is written, and what it means."""

_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
"""As browsers write it, in small letters and without a path (RFC 6454, section 6.1)."""


def read_store(node: Located | None, folder: Path) -> tuple[StoreSettings, list[Problem]]:
    """Return where things are kept, paths absolute; `./data` beside the file where nothing is said."""
    values, problems = typed_options(node, STORE)
    ledger = values.get("ledger", "sqlite:///data/ledger.db")
    try:
        ledger = _absolute_ledger(ledger, folder)
    except ValueError as error:
        line = _line_of(node, "ledger")
        problems.append(Problem(line.file, line.line, f"`ledger`: {error}", "for example sqlite:///data/ledger.db"))
    return StoreSettings(
        lake=_absolute_lake(values.get("lake", "./data/lake"), folder),
        ledger=ledger,
        lake_options=values.get("lake_options", {}),
        history=values.get("history", StoreSettings.history),
    ), problems


def read_web(node: Located | None) -> tuple[WebSettings, list[Problem]]:
    """Return where the daemon listens, and what its pages let people change."""
    values, problems = typed_options(node, WEB)
    host, _, port = str(values.get("listen", "127.0.0.1:8080")).rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        place = _line_of(node, "listen")
        problems.append(place.problem("`listen` is not a host and port", "write it like 127.0.0.1:8080"))
        host, port = "127.0.0.1", "8080"
    public_url = str(values.get("public_url", "")).rstrip("/")
    editing = str(values.get("edit_budgets", "false"))
    if editing not in EDITORS:
        place = _line_of(node, "edit_budgets")
        problems.append(place.problem(f"`edit_budgets`: {editing!r} is none", "write true, false or finance"))
    origins = tuple(values.get("cors_origins", ()))
    if wrong := [origin for origin in origins if not _ORIGIN.fullmatch(origin)]:
        place = _line_of(node, "cors_origins")
        fix = "write scheme and host of each site as its browser does, for example https://portal.corp.example"
        problems.append(place.problem(f"`cors_origins`: {wrong[0]!r} is no origin", fix))
    return WebSettings(host.strip("[]"), int(port), public_url, EDITORS.get(editing, ""), origins), problems


def _line_of(node: Located | None, key: str) -> Located:
    entries: dict[str, Any] = (node.entries or {}) if node is not None else {}
    found = entries.get(key, node)
    return found if isinstance(found, Located) else Located("", "", 1)


def _absolute_lake(lake: str, folder: Path) -> str:
    return lake if "://" in lake else str((folder / lake).resolve())


def _absolute_ledger(ledger: str, folder: Path) -> str:
    try:
        url = make_url(ledger)
    except (ArgumentError, ValueError):  # a ValueError repeats what stands where a port should, maybe a password
        raise ValueError("this is not a database URL") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if backend != "sqlite":
        raise ValueError(f"{backend} is not supported; the ledger is kept in SQLite or PostgreSQL")
    if url.database in {None, "", ":memory:"}:
        raise ValueError("a ledger in memory would be lost; name a file")
    return url.set(database=str((folder / str(url.database)).resolve())).render_as_string(hide_password=False)
