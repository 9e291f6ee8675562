"""The server for assistants, wired: it reads the stores of a configuration and can write to neither."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.server.mcpserver import MCPServer
from sqlalchemy import Engine

from attributor.app.clock import utc_now
from attributor.app.errors import ConfigurationError, StoreError
from attributor.app.explaining import Explainer
from attributor.app.failures import ledger_failures
from attributor.app.invoicing import invoiced
from attributor.app.lake_failures import lake_failures
from attributor.app.reading import dimensions_in, read_document, stores_of, teams_held
from attributor.app.untouched import opened_to_read
from attributor.app.wiring import Clock, lake_of
from attributor.lake.lake import Lake
from attributor.ledger.api_tokens import token_held
from attributor.ledger.owner_filter import OwnerFilter, Owners
from attributor.mcp.server import CannotAnswerError, build_server
from attributor.reports.questions.books import Books


@contextmanager
def assistant_server(path: Path, clock: Clock = utc_now, token: str = "") -> Iterator[MCPServer[Any]]:
    """Open the ledger of a configuration and build the server; with an API token it tells what that may see.

    Raises ConfigurationError where the file or its `store:` is wrong, and StoreError where the ledger cannot be read.
    """
    store = stores_of(read_document(path), path)
    lake, engine = lake_of(store, path), opened_to_read(store.ledger)
    try:
        stores = _Stores(path, engine, lake, OwnerFilter(engine))
        yield build_server(partial(_books, stores, clock, token), version("attributor"))
    finally:
        engine.dispose()


def serve_http(server: MCPServer[Any], listening: socket.socket) -> None:
    """Serve streamable HTTP at /mcp until SIGINT or SIGTERM; only what names this machine as its host is answered."""
    site = server.streamable_http_app(json_response=True, stateless_http=True)
    uvicorn.Server(uvicorn.Config(site, log_level="warning", access_log=False)).run([listening])


def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve standard input and output until the input ends."""
    anyio.run(server.run_stdio_async)


@dataclass(frozen=True)
class _Stores:
    """What a configuration's file names; `owners` keeps the ledger to what may be seen while one is answered."""

    path: Path
    engine: Engine
    lake: Lake
    owners: OwnerFilter


@contextmanager
def _books(stores: _Stores, clock: Clock, token: str) -> Iterator[Books]:
    """Open the books for one question, by the teams and dimensions that the file names now."""
    path, engine, owners = stores.path, stores.engine, stores.owners
    try:
        root = read_document(path)
        store = stores_of(root, path)
        dimensions = dimensions_in(root)
        with ledger_failures(store.ledger), lake_failures(store.lake):
            teams, seen = teams_held(root, engine), _seen_with(token, engine, clock)
            with owners.seen_by(seen):
                visible = {name: teams[name] for name in owners.visible(teams)}
                yield Books(
                    engine=engine,
                    figures=lambda: engine,
                    teams=lambda: visible,
                    dimensions=lambda: dimensions,
                    clock=clock,
                    explain=Explainer(engine, stores.lake, owners),
                    invoiced=partial(invoiced, path, engine),
                    are_whole=seen is None,
                )
    except (ConfigurationError, StoreError) as error:
        raise CannotAnswerError(str(error)) from error


def _seen_with(token: str, engine: Engine, clock: Clock) -> Owners | None:
    """Return the teams that a token may see, None for all, and without a token; raise CannotAnswerError."""
    if not token:
        return None
    held = token_held(engine, token, clock())
    if held is None:
        fix = "`attributor tokens create` makes another"
        raise CannotAnswerError(f"the API token in ATTRIBUTOR_TOKEN is none, or holds no more; {fix}")
    return frozenset(held.teams) if held.role == "viewer" else None
