"""The spend detectors and the month-end forecast on the anomaly corpus, beside their bars.

    python tests/bench/bench_detect.py [FOLDER]

FOLDER holds the corpus (its README.md says what); without it, or ANOMALY_CORPUS, the one beside the repository is
taken, and nothing is measured where there is none. Limits: see BARS. Exits 1 where one is missed.
"""

import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq

from alerts.detect.spend_series import SpendPolicy
from attributor.watching.backtesting.month_ends import DAYS, read_forecasts
from attributor.watching.backtesting.series import detections
from attributor.watching.backtesting.series_files import read_series

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "anomaly"
Bar = tuple[str, str, float, float]
BARS: tuple[Bar, ...] = (
    # segment, measure, at least (or at most, where lower is better), aim
    ("all", "f1", 0.88, 0.92),
    ("all", "fa_per_series_year", 0.30, 0.20),
    ("daily", "f1", 0.88, 0.92),
    ("daily", "median_delay", 1, 1),
    ("slow_leak", "recall", 0.80, 0.85),
    ("hourly", "f1", 0.78, 0.84),
    ("hourly", "fa_per_series_year", 8, 4),
    ("hourly", "median_delay", 4, 3),
    ("cold", "f1", 0.90, 0.94),
    ("unit", "f1", 0.95, 1.0),
    ("cost", "ms per series and run", 1.5, 0.5),
    ("forecast", "MAPE % day 5", 7.4, 7.0),
    ("forecast", "MAPE % day 10", 6.1, 5.8),
    ("forecast", "MAPE % day 15", 4.9, 4.6),
    ("forecast", "MAPE % day 20", 3.7, 3.5),
)
COVERED = (0.72, 0.88)
_MORE_IS_BETTER = {"f1", "recall"}


def scorer(corpus: Path, name: str) -> ModuleType:
    """Return a module that lies beside the data."""
    spec = importlib.util.spec_from_file_location(name, corpus / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def spend_scores(corpus: Path) -> dict[str, Mapping[str, Any]]:
    """Run the detectors over the corpus and score them, by segment, class and cost."""
    series = read_series(corpus / "points.parquet", corpus / "series.json")
    began = time.process_time()
    found = detections(series, SpendPolicy())
    spent = time.process_time() - began
    runs = sum(int(each.points.max()) + 1 for each in series)
    score = scorer(corpus, "score").score
    scored = score(str(corpus), found)
    daily = score(str(corpus), found, ids={each.id for each in series if each.step == "day"})
    return {
        **scored,
        "slow_leak": daily["by_class"]["slow_leak"],
        "cost": {"ms per series and run": 1000 * spent / runs},
    }


def forecast_scores(corpus: Path) -> tuple[dict[str, float], dict[int, float]]:
    """Return the errors in percent by measure, and the coverage by day."""
    table = corpus / "team_daily.parquet"
    scored = scorer(corpus, "score_forecast").score(pq.read_table(table).to_pandas(), read_forecasts(table))
    return {f"MAPE % day {day}": 100 * scored["mape"][day] for day in DAYS}, scored["coverage"]


def rows(corpus: Path) -> Iterator[tuple[str, float, str, bool]]:
    """Yield what is measured, what was reached, the bar and aim as text, and whether the bar is kept."""
    errors, coverage = forecast_scores(corpus)
    reached = {**spend_scores(corpus), "forecast": errors}
    for segment, measure, least, aim in BARS:
        value = float(reached[segment][measure])
        kept = value >= least if measure in _MORE_IS_BETTER else value <= least
        yield f"{segment}: {measure}", value, f"{least:g} (aim {aim:g})", kept
    for day in DAYS:
        kept = COVERED[0] <= coverage[day] <= COVERED[1]
        yield f"forecast: 80 % interval covers, day {day}", coverage[day], "{} to {}".format(*COVERED), kept


def main() -> int:
    """Print the table; return the exit code."""
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ANOMALY_CORPUS", CORPUS))
    if not (corpus / "points.parquet").is_file():
        print(f"skipped: the anomaly corpus is not at {corpus}")
        return 0
    if importlib.util.find_spec("pandas") is None:
        print("skipped: the corpus' scorer needs pandas")
        return 0
    missed = 0
    print(f"{'':46}{'reached':>9}  bar")
    for name, value, bar, kept in rows(corpus):
        missed += not kept
        print(f"{name:46}{value:9.3f}  {bar}{'' if kept else '   MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
