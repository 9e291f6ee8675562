"""Actual and amortised costs as one bill: purchases for commitments from the one, everything else from the other."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta

import pyarrow as pa

from collectors.base import CollectError, Need, Reading, TableName, Window
from collectors.bills.azure.deliveries import Deliveries
from collectors.bills.azure.spans import each_month
from collectors.files.collector import FileCollector, FileSource
from collectors.spans import united


class JoinedCosts:
    """The Collector of both exports; a reading is whole or refused, and refused where a month has only one of them."""

    def __init__(
        self,
        source: FileSource,
        actual: FileCollector,
        amortized: FileCollector,
        deliveries: Callable[[], tuple[Deliveries, Deliveries]],
    ) -> None:
        self._source = source
        self._actual = actual
        self._amortized = amortized
        self._deliveries = deliveries

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._source.name

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""
        return "charges"

    @property
    def restates(self) -> timedelta:
        """How far back the provider changes what it said before."""
        return self._source.restates

    @property
    def holds_everything(self) -> bool:
        """The files are the whole truth."""
        return True

    def revision(self) -> str:
        """Return the digest of both exports' files; raise CollectError where listing fails."""
        return hashlib.sha256(f"{self._actual.revision()}\n{self._amortized.revision()}".encode()).hexdigest()

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the amortised costs, then the purchases; raise CollectError as a source of files does."""
        self._refuse_halves()
        yield from self._amortized.collect(window)
        yield from self._actual.collect(window)

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered."""
        actual, amortized = self._actual.reading(), self._amortized.reading()
        return Reading(
            united((*actual.coverage, *amortized.coverage)),
            (*amortized.files, *actual.files),
            whole=tuple(sorted(set(actual.whole) & set(amortized.whole))),
        )

    def probe(self) -> tuple[Need, ...]:
        """Try what reading each path needs."""
        return self._actual.probe()

    def _refuse_halves(self) -> None:
        """Without its other half a month would lack its usage, or what was bought for commitments."""
        actual, amortized = self._deliveries()
        here, there = _months(actual), _months(amortized)
        lonely = sorted((month.start, scope) for scope, month in here ^ there)
        if lonely:
            month, scope = lonely[0]
            words = (
                ("actual", "amortized")
                if any(month == one.start for _, one in here - there)
                else ("amortized", "actual")
            )
            message = f"{self.name}: {month:%Y-%m} of {scope or 'files without a manifest'} has {words[0]} costs"
            advice = f"let the other export run, or choose kind: {words[0]}"
            raise CollectError(f"{message} and no {words[1]} ones yet; {advice}", permanent=False)
        if bool(actual.places) != bool(amortized.places) and not (actual.runs or amortized.runs):
            message = f"{self.name}: kind: both needs files of which the names tell actual and amortized"
            raise CollectError(f"{message}; else choose kind: actual or kind: amortized", permanent=True)


def _months(deliveries: Deliveries) -> set[tuple[str, Window]]:
    """The months told by each scope; folders without manifests are named by their export, and count as one scope."""
    by_manifest = {run.scope for run in deliveries.runs}
    return {
        (scope if scope in by_manifest else "", month)
        for scope, spans in deliveries.told.items()
        for span in spans
        for month in each_month(span)
    }
