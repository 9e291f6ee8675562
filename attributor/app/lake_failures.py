"""What the lake raises when it is away, damaged or another ledger's, as one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from deltalake.exceptions import DeltaError

from attributor.app.errors import StoreError
from attributor.app.failures import first_line
from attributor.lake.views import MissingVersionError

_REBUILD = "move the ledger away too and run again: both are built anew from the sources"


@contextmanager
def lake_failures(uri: str) -> Iterator[None]:
    """Raise StoreError where the lake cannot be read or written; a pipe that was closed passes through."""
    try:
        yield
    except MissingVersionError as error:
        fix = f"put back the lake that belongs to this ledger; where it is lost, {_REBUILD}"
        raise StoreError(f"the lake {uri} lacks what the ledger names: {first_line(error)} — {fix}") from error
    except (DeltaError, duckdb.IOException, duckdb.InvalidInputException) as error:
        raise _unusable(uri, error) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unusable(uri, error) from error


def _unusable(uri: str, error: Exception) -> StoreError:
    fix = "see that it is there and may be written, or correct `lake:` below `store:`"
    return StoreError(f"the lake {uri} cannot be used: {first_line(error)} — {fix}")
