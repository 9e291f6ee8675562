"""For commands that compute from lake and ledger and change neither: no lease, no migration, no write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from attributor.app.clock import utc_now
from attributor.app.errors import StoreError
from attributor.app.failures import first_line, ledger_failures, ledger_name
from attributor.app.lake_failures import lake_failures
from attributor.app.reading import read_document, stores_of
from attributor.app.wiring import lake_of, open_duckdb
from attributor.attributing.replaying import Archive
from attributor.ledger.engine import open_engine_to_read
from attributor.ledger.schema import schema_is_current
from rules.located import Located


@dataclass(frozen=True)
class Untouched:
    """What is published, to compute from; the configuration's document and file; the clock."""

    archive: Archive
    root: Located
    file: Path
    clock: Callable[[], datetime]


@contextmanager
def open_untouched(path: Path) -> Iterator[Untouched]:
    """Open the stores that a configuration names so that nothing can be written to them.

    Raises ConfigurationError where the file or its `store:` is wrong, and StoreError where a store cannot be used, or
    the ledger was written by another version of the program. Mistakes in other sections are not looked at.
    """
    root = read_document(path)
    store = stores_of(root, path)
    lake, engine = lake_of(store, path), opened_to_read(store.ledger)
    try:
        with ledger_failures(store.ledger), lake_failures(store.lake), open_duckdb() as connection:
            yield Untouched(Archive(engine, lake, connection), root, path, utc_now)
    finally:
        engine.dispose()


def opened_to_read(url: str, patience: int = 30) -> Engine:
    """Open a ledger that refuses writes; raise StoreError where none of this version answers in `patience` seconds."""
    file = make_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).is_file():
        raise StoreError(f"{ledger_name(url)} is not there yet — `attributor run` makes it")
    engine = open_engine_to_read(url, patience)
    try:
        with ledger_failures(url):
            current = schema_is_current(engine)
    except DBAPIError as error:
        engine.dispose()
        raise StoreError(f"{ledger_name(url)} cannot be used: {first_line(error)}") from error
    except StoreError:
        engine.dispose()
        raise
    if not current:
        engine.dispose()
        raise StoreError(f"{ledger_name(url)} is of another version — `attributor run` brings an older one up to date")
    return engine
