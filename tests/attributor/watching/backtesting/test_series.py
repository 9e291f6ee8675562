"""Backtests of outside series: each run sees what was known then, and the run that raised an alert is written."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alerts.detect.spend_series import SpendPolicy
from attributor.watching.backtesting.month_ends import read_forecasts
from attributor.watching.backtesting.series import detections
from attributor.watching.backtesting.series_files import SeriesError, read_series

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
COST = {"freq": "D", "metric": "cost", "settle_points": 0, "source_since": "2026-03-02"}


@pytest.fixture
def read(tmp_path):
    """Return a function that writes revisions (series, point, known, value) and a description, and reads them."""

    def write_and_read(rows, description, step=DAY):
        columns = list(zip(*rows, strict=True))
        moments = [[FIRST + step * each for each in column] for column in columns[1:3]]
        names = ["series_id", "ts", "known_at", "value"]
        table = pa.table(dict(zip(names, [columns[0], *moments, columns[3]], strict=True)))
        pq.write_table(table, tmp_path / "points.parquet")
        (tmp_path / "series.json").write_text(json.dumps(description))
        return read_series(tmp_path / "points.parquet", tmp_path / "series.json")

    return write_and_read


def calm(count, step_of_week=7):
    noise = np.random.default_rng(5).normal(1, 0.03, count)
    return [(40 if index % step_of_week >= 5 else 100) * value for index, value in enumerate(noise.tolist())]


def test_a_run_sees_what_was_known_then_and_nothing_else(read):
    (series,) = read([("a", 0, 0, 1.0), ("a", 0, 2, 4.0), ("a", 1, 2, 2.0), ("a", 2, 2, 3.0)], {"a": COST})
    seen = [run.tolist() for run in (values.copy() for values in series.runs())]
    assert seen[0] == [1.0]
    assert seen[1][0] == 1.0 and np.isnan(seen[1][1])
    assert seen[2] == [4.0, 2.0, 3.0]


def test_the_run_that_raised_the_alert_is_written_once(read):
    values = [*calm(60), 420.0, *calm(68)[61:]]
    found = detections(read([("a", i, i, v) for i, v in enumerate(values)], {"a": COST}), SpendPolicy())
    assert found == {"a": [(FIRST + 60 * DAY).date().isoformat()]}


def test_a_spike_that_is_known_late_is_told_by_the_run_that_saw_it(read):
    rows = [("a", i, i, v) for i, v in enumerate([*calm(60), 30.0, *calm(64)[61:]])]
    found = detections(read([*rows, ("a", 60, 61, 420.0)], {"a": {**COST, "settle_points": 2}}), SpendPolicy())
    assert found == {"a": [(FIRST + 61 * DAY).date().isoformat()]}


def test_hours_are_written_as_hours(read):
    values = [5 + 3 * np.sin(hour % 24 / 24 * 2 * np.pi) + 0.3 * (hour * 7 % 5) for hour in range(300)]
    values[280] = 90.0
    rows = [("h", i, i, v) for i, v in enumerate(values)]
    found = detections(read(rows, {"h": {**COST, "freq": "H"}}, HOUR), SpendPolicy())
    assert found == {"h": [f"{FIRST + 280 * HOUR:%Y-%m-%dT%H:%M}"]}


def test_a_unit_cost_counts_by_the_money_it_moves(read):
    values = [*[value / 100 for value in calm(60, 99)], 2.0, 2.0]
    rows = [("u", i, i, v) for i, v in enumerate(values)]
    unit = {**COST, "metric": "unit_cost"}
    assert detections(read(rows, {"u": {**unit, "usd_per_unit": 1.0}}), SpendPolicy()) == {"u": []}
    assert len(detections(read(rows, {"u": {**unit, "usd_per_unit": 500.0}}), SpendPolicy())["u"]) == 1


def test_what_cannot_be_read_says_which_file_and_what(read, tmp_path):
    with pytest.raises(SeriesError, match=r"series\.json: nothing is said of series 'b'"):
        read([("b", 0, 0, 1.0)], {"a": COST})
    with pytest.raises(SeriesError, match=r"series 'b': KeyError\('freq'\)"):
        read([("b", 0, 0, 1.0)], {"b": {}})
    with pytest.raises(SeriesError, match=r"none\.parquet"):
        read_series(tmp_path / "none.parquet", tmp_path / "series.json")


def test_months_are_forecast_from_what_was_known_on_their_day(tmp_path):
    days = [FIRST + DAY * index for index in range(120)]
    settled = [100.0] * 120
    partial = [30.0] * 120
    columns = {"team": ["search"] * 120, "ts": days, "k0": partial, "k1": [96.0] * 120, "k2": settled, "k3": settled}
    pq.write_table(pa.table(columns), tmp_path / "team_daily.parquet")
    found = read_forecasts(tmp_path / "team_daily.parquet")
    june = [each for each in found if each["month"] == "2026-06"]
    assert [each["day"] for each in june] == [5, 10, 15, 20]
    assert [each["forecast"] for each in june] == [3000.0] * 4
