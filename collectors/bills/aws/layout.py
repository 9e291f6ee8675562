"""Where a file lies in what AWS delivers: which export, which billing period, which run.

Data Exports: EXPORT/data/BILLING_PERIOD=2026-11/[RUN/]FILE, manifests under EXPORT/metadata/ in the same way. Legacy
Cost and Usage Reports: REPORT/20261101-20261201/[RUN/]FILE, manifests beside them. RUN is there where each run is kept
("create new report"); it begins with its time in Data Exports and is a random id in legacy reports.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors.base import Window

_MONTH = re.compile(r"billing_period=([0-9]{4})-([0-9]{2})", re.IGNORECASE)
_SPAN = re.compile(r"([0-9]{8})-([0-9]{8})")
_DATED_RUN = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}T[0-9]{2}")
_SIDES = ("data", "metadata")


@dataclass(frozen=True)
class Delivered:
    """A billing period of one export: `root` is the export's folder."""

    root: str
    period: Window


@dataclass(frozen=True)
class Spot:
    """Where one file lies: `run` is empty where each run overwrites the last one."""

    delivered: Delivered
    run: str
    file: str

    @property
    def is_dated(self) -> bool:
        """Whether the run's name begins with its time, so that names sort by it."""
        return _DATED_RUN.match(self.run) is not None


def spot_of(name: str) -> Spot | None:
    """Return where a file lies; None where its name is not of AWS' layout."""
    folders = name.split("/")
    file = folders.pop()
    for index in range(len(folders) - 1, -1, -1):
        period = _period_of(folders[index])
        if period is None:
            continue
        above = folders[:index]
        if above and above[-1] in _SIDES:
            above.pop()
        return Spot(Delivered("/".join(above), period), "/".join(folders[index + 1 :]), file)
    return None


def _period_of(folder: str) -> Window | None:
    try:
        if month := _MONTH.fullmatch(folder):
            start = datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
            return Window(start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1))
        if span := _SPAN.fullmatch(folder):
            start, end = (datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC) for text in span.groups())
            return Window(start, end)
    except ValueError:  # digits that are no date
        return None
    return None
