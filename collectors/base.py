"""What a collector is: the protocol, its options, the window it is asked for, and how it fails."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import pyarrow as pa

TableName = Literal["charges", "usage"]
ENTRY_POINT_GROUP = "attributor.collectors"


@dataclass(frozen=True, order=True)
class Window:
    """A half-open span of aware UTC time [start, end)."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong with what a source returned: where, which field, which value, and what would be right."""

    place: str
    row: int | None
    field: str | None
    value: str | None
    message: str

    def __str__(self) -> str:
        where = self.place if self.row is None else f"{self.place}, row {self.row}"
        what = "" if self.field is None else f", {self.field}"
        value = "" if self.value is None else f" = {self.value!r}"
        return f"{where}{what}{value}: {self.message}"


class CollectError(Exception):
    """A source could not be read; nothing of this reading may be stored.

    `permanent` says whether asking again unchanged can succeed: a broken file is permanent, a timeout is not.
    """

    def __init__(self, message: str, *, permanent: bool, problems: tuple[RowProblem, ...] = ()) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.problems = problems


@dataclass(frozen=True)
class FileRead:
    """The control totals of one file or answer, as the provider wrote it, before any rounding.

    `sums` is by cost column, in the file's own decimals; `rounded` is stored minus written, by column.
    """

    place: str
    rows: int
    currency: str | None = None
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    rounded: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What one reading of a source covered; complete only after its batches were read to the end.

    `requests` is how many requests it took, those that were tried again included, and `cost` what the provider charges
    for them by its list, in US dollars. `whole` are spans that it tells wholly, whichever files it read: a day stored
    in them of which there is no row any more was taken back, as where a provider delivers a month anew under other
    names.
    """

    coverage: tuple[Window, ...]
    files: tuple[FileRead, ...]
    requests: int = 0
    cost: Decimal = Decimal(0)
    whole: tuple[Window, ...] = ()


class Asking(Protocol):
    """What asking took so far."""

    @property
    def requests(self) -> int:
        """How many requests were made, those that were tried again included."""

    @property
    def cost(self) -> Decimal:
        """What the provider charges for them by its list, in US dollars."""


@dataclass(frozen=True)
class Need:
    """One thing that a source needs, in the provider's words (a permission), and what is wrong where it lacks it."""

    permission: str
    problem: str | None = None


class Collector(Protocol):
    """One configured source.

    `collect` yields batches of `schema.CHARGES` or `schema.USAGE` and never a part of a broken reading: it raises
    CollectError instead. `window` None asks for everything that the source holds. `reading` tells what the last
    exhausted `collect` covered. `revision` is a digest that changes when the source's content changes, or None
    where only asking can tell.
    """

    @property
    def name(self) -> str:
        """The name under `sources:`."""

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""

    @property
    def restates(self) -> timedelta:
        """How far back the provider changes what it said before."""

    @property
    def holds_everything(self) -> bool:
        """Whether `collect(None)` is the whole truth (files), rather than a window at a time (an API)."""

    def revision(self) -> str | None:
        """Return the digest of the source's present content, or None."""

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows whose period starts in the window."""

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered."""


@runtime_checkable
class Backfilling(Protocol):
    """A collector of an API that says how far back its first reading goes, so that it can be read month by month.

    Optional: of a collector without it the first reading is one, `collect(None)`.
    """

    @property
    def backfill(self) -> timedelta:
        """How far back the first reading goes; to the start of that UTC day."""


@runtime_checkable
class Counting(Protocol):
    """A collector of records that are only ever added to, which can tell cheaply how many rows each day has.

    Optional: within `restates` only those days are asked for again that have another number of rows than is stored, or
    that are not covered yet; of a collector without it, all.
    """

    def row_counts(self, window: Window) -> Mapping[date, int]:
        """Return how many rows each UTC day of a window would have now; a day without rows may be left out."""


@runtime_checkable
class Reporting(Protocol):
    """A collector that tells what its last `collect` asked, also where that failed: a refused request costs as well.

    Optional: of a collector without it only what its `reading` tells is known.
    """

    def asked(self) -> Asking | None:
        """Return what the last `collect` asked so far, None where it asked nothing yet."""


@runtime_checkable
class Probing(Protocol):
    """A collector that can try its credentials with the least read; `attributor check --connect` asks for it.

    Optional: of a collector without it the revision is asked for, or a first batch.
    """

    def probe(self) -> tuple[Need, ...]:
        """Return what the source needs and, for each, what is wrong; an error is a value here."""


@runtime_checkable
class Sampling(Protocol):
    """A collector of a source that shows the present alone: the daemon lets it look between readings.

    Optional. `sample` is called every few seconds from a thread of its own, also while `collect` is under way and by
    daemons that do not lead.
    """

    def sample(self) -> None:
        """Look where it is time to, and keep what is seen, durably; raise CollectError where nothing can be seen."""


OptionKind = Literal["text", "path", "url", "duration", "integer", "decimal", "boolean", "list", "map"]


@dataclass(frozen=True)
class Option:
    """One key under a source: what it is for, its form and an example; used for checking, schema and docs."""

    name: str
    description: str
    example: str
    kind: OptionKind = "text"
    required: bool = False
    default: str | None = None


@dataclass(frozen=True)
class SourceSettings:
    """A source as configured: values are text (or lists and maps of text), paths relative to `folder`."""

    name: str
    options: Mapping[str, Any] = field(repr=False)  # tokens and passwords are among them
    folder: Path
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class CollectorType:
    """What an entry point of the group `attributor.collectors` resolves to."""

    name: str
    table: TableName
    summary: str
    options: tuple[Option, ...]
    build: Callable[[SourceSettings], Collector]
    """Raises ValueError with a message for the user when an option's value is wrong."""
