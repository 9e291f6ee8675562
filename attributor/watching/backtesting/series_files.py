"""Reading outside series: a table of revisions, and what a detector may know of each series.

The points are rows of (series_id, ts, known_at, value): the value of the point that begins at `ts` as it was known at
the end of the point that begins at `known_at`. The description is a JSON map of series_id to its `freq` ("D" or "H"),
`metric` ("cost" or "unit_cost"), `settle_points` (points until a value is about final), `source_since` (ISO 8601) and,
for a unit cost, `usd_per_unit`: what one unit more costs in a day.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alerts.detect.medians import Floats

Step = Literal["day", "hour"]
Moments = NDArray[np.datetime64]
_STEPS: Mapping[str, Step] = {"D": "day", "H": "hour"}
_SIZES = {"day": np.timedelta64(1, "D"), "hour": np.timedelta64(1, "h")}
_COLUMNS = ["series_id", "ts", "known_at", "value"]


class SeriesError(Exception):
    """A file is missing, or does not hold what this module reads; the message says which and what."""


@dataclass(frozen=True)
class OutsideSeries:
    """A series with all its revisions, ordered by when they were known.

    `first` is the start of the first point, in UTC. `points` and `known` count steps from it; `values` are in one
    currency already, NaN for none. The last `settling` points of a run are lower bounds.
    """

    id: str
    step: Step
    first: datetime
    settling: int
    since: date
    points: NDArray[np.int64]
    known: NDArray[np.int64]
    values: Floats

    def runs(self) -> Iterator[Floats]:
        """Yield, for each point, the values of the points up to it as known at its end; a view, NaN where unknown."""
        size = int(self.points.max()) + 1
        values: Floats = np.full(size, np.nan)
        ends = np.searchsorted(self.known, np.arange(size), side="right").tolist()
        begin = 0
        for run, end in enumerate(ends):
            for index in range(begin, end):  # one after the other: a point may be revised twice in a run
                values[self.points[index]] = self.values[index]
            begin = end
            yield values[: run + 1]


def read_series(points: Path, description: Path) -> list[OutsideSeries]:
    """Return the series in the order of their ids. Raises SeriesError."""
    known = _description(description)
    table = _columns(points).sort_by([("series_id", "ascending"), ("known_at", "ascending")])
    ids = table.column("series_id").to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if ids.size else np.array([], dtype=int)
    ends = np.append(starts[1:], ids.size)
    times = [table.column(name).to_numpy().astype("datetime64[m]") for name in ("ts", "known_at")]
    values = table.column("value").to_numpy().astype(float)
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        name = str(ids[start])
        if name not in known:
            raise SeriesError(f"{description}: nothing is said of series {name!r}")
        part = slice(start, end)
        found.append(_series(name, known[name], (times[0][part], times[1][part]), values[part], description))
    return found


def _description(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SeriesError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise SeriesError(f"{path}: must be a map of series ids")
    return found


def _columns(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path, columns=_COLUMNS)
    except (OSError, pa.ArrowException) as error:
        raise SeriesError(f"{path}: {error}") from error
    return table.set_column(0, "series_id", table.column("series_id").cast(pa.string()))


def _series(
    name: str, known: Mapping[str, Any], times: tuple[Moments, Moments], values: Floats, path: Path
) -> OutsideSeries:
    try:
        step = _STEPS[known["freq"]]
        first = times[0].min()
        points, revised = (((each - first) // _SIZES[step]).astype(np.int64) for each in times)
        return OutsideSeries(
            id=name,
            step=step,
            first=first.astype("datetime64[s]").item().replace(tzinfo=UTC),
            settling=int(known["settle_points"]),
            since=date.fromisoformat(known["source_since"][:10]),
            points=points,
            known=revised,
            values=values * float(known.get("usd_per_unit") or 1),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SeriesError(f"{path}: series {name!r}: {error!r}") from error
