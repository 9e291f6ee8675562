"""The real FOCUS 1.0 sample: it is not clean, and comes in whole."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.bills.focus import TYPE

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "focus" / "focus_1.0_sample_1000.csv"
pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason="the real FOCUS sample is not beside this checkout")


def test_the_real_sample_comes_in_whole_and_sums_to_what_the_file_says(collecting) -> None:
    collected = collecting.read(TYPE, path=str(SAMPLE))
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert collected.table.num_rows == len(written) == 1000
    [file_read] = collected.reading.files
    assert file_read.currency == "USD"
    assert not file_read.rounded
    for column in ("BilledCost", "EffectiveCost", "ListCost"):
        in_file = sum((Decimal(row[column]) for row in written), Decimal(0))
        assert file_read.sums[column] == in_file
        assert sum((row[column] for row in collected.rows), Decimal(0)) == in_file
    for row, original in zip(collected.rows, written, strict=True):
        assert row["BilledCost"] == Decimal(original["BilledCost"])
        assert (row["SubAccountId"] or "") == original["SubAccountId"].replace("NULL", "")
        assert row["x_Source"] == "source"
    tagged = {key for row in collected.rows for key, _ in row["Tags"] or ()}
    assert "org" in tagged
    assert " org" not in tagged
