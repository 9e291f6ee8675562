"""The month-end forecast over an outside table of teams' days, each forecast given what was known at its day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alerts.detect.forecast import LEAST_DAYS, month_end
from attributor.watching.backtesting.series_files import SeriesError

DAYS = (5, 10, 15, 20)
"""The days of a month at whose end it is forecast."""
_VINTAGES = ("k0", "k1", "k2", "k3")
_COMPLETE_AFTER = len(_VINTAGES) - 1
_LEARNED_DAYS = 180
_History = Sequence[tuple[date, Decimal, bool]]


def read_forecasts(path: Path) -> list[dict[str, str | int | float]]:
    """Forecast every month of every team on DAYS, as maps of series_id, month, day, forecast, low and high.

    The table has a row for each `team` and day `ts`, with the day's cost as known 0, 1, 2 and 3 days later (`k0` to
    `k3`, which is final). Months before LEAST_DAYS of history are left out. Raises SeriesError.
    """
    try:
        table = pq.read_table(path, columns=["team", "ts", *_VINTAGES])
        table = table.set_column(0, "team", table.column("team").cast(pa.string()))
        table = table.sort_by([("team", "ascending"), ("ts", "ascending")])
        days = table.column("ts").to_numpy().astype("datetime64[D]").tolist()
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise SeriesError(f"{path}: {error}") from error
    known = np.column_stack([table.column(name).to_numpy() for name in _VINTAGES]).astype(float)
    teams = table.column("team").to_numpy()
    found: list[dict[str, str | int | float]] = []
    for team in dict.fromkeys(teams.tolist()):
        rows = np.flatnonzero(teams == team)
        found += ({"series_id": team, **forecast} for forecast in _forecasts([days[row] for row in rows], known[rows]))
    return found


def _forecasts(days: Sequence[date], known: NDArray[np.float64]) -> Iterator[Mapping[str, str | int | float]]:
    for newest in range(LEAST_DAYS, len(days)):
        today = days[newest]
        if today.day not in DAYS:
            continue
        found = month_end(_history(days, known, newest), today, _arrived(known[: newest + 1]))
        if found is not None:
            low, amount, high = (float(each) for each in (found.low, found.amount, found.high))
            yield {"month": f"{today:%Y-%m}", "day": today.day, "forecast": amount, "low": low, "high": high}


def _history(days: Sequence[date], known: NDArray[np.float64], newest: int) -> _History:
    """Return the days up to `newest` as they were known at its end."""
    ages = newest - np.arange(newest + 1)
    amounts = known[np.arange(newest + 1), np.minimum(ages, len(_VINTAGES) - 1)].tolist()
    return [
        (day, Decimal(repr(amount)), age >= _COMPLETE_AFTER)
        for day, amount, age in zip(days, amounts, ages.tolist(), strict=False)
        if amount == amount
    ]


def _arrived(known: NDArray[np.float64]) -> Sequence[float]:
    """Return what share of a day's cost was there 0, 1, 2 days after it, of days that are complete by now."""
    final = known[:-_COMPLETE_AFTER][-_LEARNED_DAYS:]
    costs = np.nansum(final, axis=0)
    return (costs[:-1] / costs[-1]).tolist() if costs[-1] > 0 else ()
