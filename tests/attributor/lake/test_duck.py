"""The DuckDB that reads the lake."""

from pathlib import Path

import duckdb
import pytest

from attributor.lake.duck import connect, one_thread_a_question


def test_it_thinks_in_utc_within_its_limits(tmp_path: Path) -> None:
    with connect("256MiB", 1, tmp_path / "spill") as connection:
        setting = "SELECT current_setting('TimeZone'), current_setting('memory_limit'), current_setting('threads')"
        assert connection.sql(setting).fetchall() == [("UTC", "256.0 MiB", 1)]


@pytest.mark.parametrize(("among", "threads"), [(1, 3), (2, 3), (3, 1), (4, 1)])
def test_who_are_as_many_as_its_threads_ask_with_one_each(among: int, threads: int, tmp_path: Path) -> None:
    setting = "SELECT current_setting('threads')"
    with connect("256MiB", 3, tmp_path / "spill") as connection:
        with one_thread_a_question(connection, among), connection.cursor() as own:
            assert own.sql(setting).fetchall() == [(threads,)]
        assert connection.sql(setting).fetchall() == [(3,)]


def test_it_never_reaches_for_the_network(tmp_path: Path) -> None:
    with (
        connect("256MiB", 1, tmp_path / "spill") as connection,
        pytest.raises(duckdb.Error, match=r"(?i)extension|https"),
    ):
        connection.sql("SELECT * FROM read_parquet('https://127.0.0.1:1/x.parquet')").fetchall()
