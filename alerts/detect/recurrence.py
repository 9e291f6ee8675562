"""The memory of the calendar: fees on the first, batches at month's end, jobs every k days are no anomalies."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from alerts.detect.baseline import Baseline, Floats, median

_LOCAL_DAYS = 21
_ALIKE = 0.55
_LONGEST_PERIOD = 31
_MONTHS_BACK = 3


@dataclass(frozen=True)
class Calendar:
    """A series' days, for asking whether a size has come before on such a day."""

    first: date
    baseline: Baseline

    def recurs(self, day: int, excess: float) -> bool:
        """Say whether a log excess over the level on day `day` is one that this series shows on such days."""
        wanted = _ALIKE * excess
        if any(self._excess(peer) >= wanted for peer in self._monthly_peers(day)):
            return True
        return any(
            all(self._excess(day - times * period) >= wanted for times in (1, 2))
            for period in range(2, _LONGEST_PERIOD + 1)
            if day - 2 * period >= 0
        )

    def _excess(self, day: int) -> float:
        """Return a past day's log excess over the days around it; far below zero where nothing is known."""
        adjusted: Floats = self.baseline.adjusted
        if not 0 <= day < adjusted.size or adjusted[day] != adjusted[day]:
            return -99.0
        around = adjusted[max(day - _LOCAL_DAYS // 2, 0) : day + _LOCAL_DAYS // 2 + 1]
        known = [float(value) for value in around if value == value]
        return float(adjusted[day]) - median(known)

    def _monthly_peers(self, day: int) -> Iterator[int]:
        """Yield the days of the months before with the same number, counted from the start or from the end."""
        today = self.first + timedelta(days=day)
        from_end = monthrange(today.year, today.month)[1] - today.day
        for months in range(1, _MONTHS_BACK + 1):
            index = today.year * 12 + today.month - 1 - months
            year, month = index // 12, index % 12 + 1
            length = monthrange(year, month)[1]
            numbers = {today.day, length - from_end}
            if today.day <= 3 or from_end <= 3:
                numbers |= {number + shift for number in numbers for shift in (-1, 1)}
            for number in numbers:
                if 1 <= number <= length:
                    yield (date(year, month, number) - self.first).days
