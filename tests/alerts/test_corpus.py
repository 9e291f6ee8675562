"""Spend detection and forecast on the anomaly corpus, replayed online; the bars here are floors, not aims."""

import importlib.util
import json
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq
import pytest

from alerts.detect.forecast import month_end
from alerts.detect.spend import episodes
from alerts.detect.spend_series import SpendDay, SpendPolicy, SpendSeries

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "anomaly"
pytestmark = [
    # The corpus' own loader leaves its files to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the anomaly corpus is not at {CORPUS}"),
    pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="the corpus' scorer needs pandas"),
]


def scorer(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CORPUS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def raised(values, first, meta):
    """Return the keys that fire at one run; the newest `settle_points` days count as incomplete."""
    size = len(values)
    days = tuple(
        SpendDay(first + timedelta(days=index), values[index], index < size - int(meta["settle_points"]))
        for index in range(size)
        if not np.isnan(values[index])
    )
    if not days:
        return set()
    since = date.fromisoformat(meta["source_since"][:10])
    series = SpendSeries(meta["team"], meta["service"], "USD", since, days)
    gate = max(15.0, 0.02 * float(np.nanmedian(values[-28:])))
    found = episodes(series, days[-224:], gate, SpendPolicy())
    return {episode.date_of(episode.days[0]) for episode in found}


def test_spend_anomalies_reach_their_floor_on_a_quarter_of_the_daily_corpus():
    chosen = [s for s in scorer("corpus").load(str(CORPUS)) if s.meta["segment"] in {"daily", "cold"}][::4]
    detections = {}
    for series in chosen:
        first, told, alarms = date.fromisoformat(str(series.ts[0])[:10]), set(), []
        for run, values in series.snapshots():
            keys = raised(values, first, series.meta) if run >= min(series.score_from_idx(), 14) else set()
            if keys - told:
                alarms.append(series.stamp(run))
            told |= keys
        detections[series.id] = alarms
    result = scorer("score").score(str(CORPUS), detections, ids=set(detections))["all"]
    assert result["f1"] >= 0.8, result
    assert result["fa_per_series_year"] <= 0.4, result


def test_month_end_forecasts_reach_their_floor():
    points = pq.read_table(CORPUS / "team_daily.parquet").to_pandas()
    forecasts = []
    for team, frame in points.groupby("team"):
        rows = frame.sort_values("ts")
        days = [moment.date() for moment in rows.ts]
        known = rows[["k0", "k1", "k2", "k3"]].to_numpy()
        for index in range(75, len(days)):
            if days[index].day in {5, 10, 15, 20}:
                history = [(days[j], known[j, min(3, index - j)], index - j >= 2) for j in range(index + 1)]
                found = month_end(history, days[index])
                forecasts.append(
                    {
                        "series_id": team,
                        "month": f"{days[index]:%Y-%m}",
                        "day": days[index].day,
                        "forecast": float(found.amount),
                        "low": float(found.low),
                        "high": float(found.high),
                    }
                )
    result = scorer("score_forecast").score(points, json.loads(json.dumps(forecasts)))
    for day, most in ((5, 0.080), (10, 0.066), (15, 0.056), (20, 0.046)):
        assert result["mape"][day] <= most, result
        assert 0.70 <= result["coverage"][day] <= 0.90, result
