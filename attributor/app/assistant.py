"""The server for assistants, wired: it reads the stores of a configuration and can write to neither."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
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
from attributor.app.explaining import explain_subject
from attributor.app.failures import ledger_failures
from attributor.app.invoicing import invoiced
from attributor.app.lake_failures import lake_failures
from attributor.app.reading import dimensions_in, read_document, stores_of, teams_held
from attributor.app.untouched import opened_to_read
from attributor.app.wiring import Clock, lake_of, open_duckdb
from attributor.attributing.replaying import Archive
from attributor.lake.lake import Lake
from attributor.mcp.server import CannotAnswerError, build_server
from attributor.reports.explanation import Explained
from attributor.reports.questions.books import Books
from attributor.reports.subject import Subject


@contextmanager
def assistant_server(path: Path, clock: Clock = utc_now) -> Iterator[MCPServer[Any]]:
    """Open the ledger of a configuration and build the server.

    Raises ConfigurationError where the file or its `store:` is wrong, and StoreError where the ledger cannot be read.
    """
    store = stores_of(read_document(path), path)
    lake, engine = lake_of(store, path), opened_to_read(store.ledger)
    try:
        yield build_server(partial(_books, path, engine, lake, clock), version("attributor"))
    finally:
        engine.dispose()


def serve_http(server: MCPServer[Any], listening: socket.socket) -> None:
    """Serve streamable HTTP at /mcp until SIGINT or SIGTERM; only what names this machine as its host is answered."""
    site = server.streamable_http_app(json_response=True, stateless_http=True)
    uvicorn.Server(uvicorn.Config(site, log_level="warning", access_log=False)).run([listening])


def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve standard input and output until the input ends."""
    anyio.run(server.run_stdio_async)


@contextmanager
def _books(path: Path, engine: Engine, lake: Lake, clock: Clock) -> Iterator[Books]:
    """Open the books for one question, by the teams and dimensions that the file names now."""
    try:
        root = read_document(path)
        store = stores_of(root, path)
        dimensions = dimensions_in(root)
        with ledger_failures(store.ledger), lake_failures(store.lake):
            teams = teams_held(root, engine)
            yield Books(
                engine=engine,
                teams=lambda: teams,
                dimensions=lambda: dimensions,
                clock=clock,
                explain=partial(_explain, engine, lake),
                invoiced=partial(invoiced, path, engine),
            )
    except (ConfigurationError, StoreError) as error:
        raise CannotAnswerError(str(error)) from error


def _explain(engine: Engine, lake: Lake, subject: Subject) -> tuple[Explained, ...]:
    with open_duckdb() as connection:
        return explain_subject(Archive(engine, lake, connection), subject)
