"""The DuckDB that reads the lake."""

from pathlib import Path

import duckdb
import pytest

from attributor.lake.duck import connect


def test_it_thinks_in_utc_within_its_limits(tmp_path: Path) -> None:
    with connect("256MiB", 1, tmp_path / "spill") as connection:
        setting = "SELECT current_setting('TimeZone'), current_setting('memory_limit'), current_setting('threads')"
        assert connection.sql(setting).fetchall() == [("UTC", "256.0 MiB", 1)]


def test_it_never_reaches_for_the_network(tmp_path: Path) -> None:
    with (
        connect("256MiB", 1, tmp_path / "spill") as connection,
        pytest.raises(duckdb.Error, match=r"(?i)extension|https"),
    ):
        connection.sql("SELECT * FROM read_parquet('https://127.0.0.1:1/x.parquet')").fetchall()
