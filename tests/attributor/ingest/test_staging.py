"""What is read is written beside it by a thread, in its order; whatever fails ends both."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import enumerate as threads

import duckdb
import pyarrow as pa
import pytest

from attributor.ingest.progress import Silent
from attributor.ingest.staging import staged
from attributor.lake.duck import open_duckdb
from collectors.schema import USAGE

HOUR = datetime(2026, 11, 19, 7, tzinfo=UTC)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_duckdb(1) as opened:
        yield opened


def batch(number: int, metric: str | None = "requests") -> pa.RecordBatch:
    row = {"hour": HOUR, "metric": metric, "quantity": Decimal(number), "facts": [], "x_Source": "a"}
    return pa.RecordBatch.from_pylist([{**row, "x_Day": date(2026, 11, 19)}], schema=USAGE)


def writers() -> list[str]:
    return [thread.name for thread in threads() if thread.name.startswith("stage")]


def test_batches_are_staged_in_the_order_in_which_they_were_read(connection: duckdb.DuckDBPyConnection) -> None:
    with staged(connection, map(batch, range(20)), "usage", Silent()) as rows:
        found = connection.sql(f"SELECT quantity::INT FROM {rows.rows}").fetchall()
    assert found == [(number,) for number in range(20)]
    assert not writers()


def test_what_the_source_raises_is_raised_and_nothing_is_written_any_more(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield batch(1)
        raise EOFError("cut off")

    with pytest.raises(EOFError, match="cut off"), staged(connection, broken(), "usage", Silent()):
        raise AssertionError("it was staged")
    assert not writers()


@pytest.mark.parametrize("after", [0, 9])
def test_what_cannot_be_written_is_raised_however_much_was_read_meanwhile(
    connection: duckdb.DuckDBPyConnection, after: int
) -> None:
    batches = iter([batch(1), batch(2, metric=None), *map(batch, range(after))])
    with pytest.raises(ValueError, match="metric"), staged(connection, batches, "usage", Silent()):
        raise AssertionError("it was staged")
    assert not writers()
