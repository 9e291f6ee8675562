"""Spend detection on a part of the anomaly corpus, replayed online; the bars here are floors, not aims."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from alerts.detect.spend_series import SpendPolicy
from attributor.watching.backtesting.series import detections
from attributor.watching.backtesting.series_files import read_series

CORPUS = Path(__file__).parents[5] / "shared" / "data" / "anomaly"
pytestmark = [
    # The corpus' own scorer leaves its files to the garbage collector.
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


def test_spend_anomalies_reach_their_floor_on_a_fifth_of_the_corpus():
    found = detections(read_series(CORPUS / "points.parquet", CORPUS / "series.json")[::5], SpendPolicy())
    result = scorer("score").score(str(CORPUS), found, ids=set(found))["all"]
    assert result["f1"] >= 0.8, result
    assert result["fa_per_series_year"] <= 0.4, result
