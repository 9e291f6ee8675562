"""What ledger and lake raise when they are away or damaged, as one line that says which, why, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from attributor.app.errors import StoreError
from attributor.ledger.engine import open_engine
from attributor.ledger.schema import OtherSchemaError, migrate


def opened_ledger(url: str) -> Engine:
    """Open the ledger and bring its tables up to date; raise StoreError where that cannot be done."""
    engine = open_engine(url)
    try:
        migrate(engine)
    except OtherSchemaError as error:
        engine.dispose()
        fix = "install the version that wrote it, or put the backup back"
        raise StoreError(f"{ledger_name(url)} is of a newer version: {first_line(error)} — {fix}") from error
    except (DBAPIError, OSError) as error:
        engine.dispose()
        raise _unusable(url, error) from error
    return engine


@contextmanager
def ledger_failures(url: str) -> Iterator[None]:
    """Raise StoreError where the database goes away, is locked or full while it is used."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _unusable(url, error) from error


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _unusable(url: str, error: DBAPIError | OSError) -> StoreError:
    cause = error.orig if isinstance(error, DBAPIError) and isinstance(error.orig, Exception) else error
    fix = "see that it is there and may be written, or correct `ledger:` below `store:`"
    return StoreError(f"{ledger_name(url)} cannot be used: {first_line(cause)} — {fix}")


def ledger_name(url: str) -> str:
    """Name a ledger by its place alone: any other part of its URL may hold a password."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"the ledger {parsed.database}"
    port = f":{parsed.port}" if parsed.port else ""
    return f"the ledger {parsed.database} at {parsed.host or 'the local server'}{port}"
