"""Reports that were read before and still hold: what one reader has waited for, the next one has at once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from threading import Lock
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Engine

from attributor.ledger.editions import edition
from attributor.ledger.mirror.mirror import Mirror
from attributor.periods import start_of
from attributor.reports.view import Heading, View

_MOST_LINES = 400_000
"""Of all kept reports together; a line takes some 300 bytes."""


class Headed(Protocol):
    """A report that says what it is of."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def heading(self) -> Heading:
        """What the report is of."""
        raise NotImplementedError


Report = TypeVar("Report", bound=Headed)
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class _These:
    """Objects that are compared by being the same, and kept, so that no other one takes their place in memory."""

    objects: tuple[object, ...]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.objects)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _These) or len(other.objects) != len(self.objects):
            return False
        return all(one is another for one, another in zip(self.objects, other.objects, strict=True))


class _Place:
    """Where a report is kept once somebody has read it; whoever wants to read it holds the lock."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.report: Any = None
        self.lines = 0


class KeptReports:
    """Keeps the reports of a ledger until its edition changes; the least asked for go first where they are many.

    A report is kept for whoever may see the same `owners`, and read once however many ask for it at the same time.
    """

    def __init__(
        self,
        engine: Engine,
        owners: Callable[[], frozenset[str] | None],
        mirror: Mirror | None = None,
        most_lines: int = _MOST_LINES,
    ) -> None:
        self._engine = engine
        self._mirror = mirror or Mirror(engine)
        self._owners = owners
        self._most_lines = most_lines
        self._lock = Lock()
        self._edition: str | None = None
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()

    def of(self, name: str, view: View, known: Iterable[object], read: Callable[[Engine, View], Report]) -> Report:
        """Return the report of this name in a view, reading it where that was not done yet.

        `read` takes what holds the figures and the view as it is at the beginning of its UTC day, reads nothing but the
        `ledger.editions.REPORTED` tables, and knows besides them only the `known` objects: teams and rules, which
        never change themselves.
        What it raises is raised, and nothing is kept.
        """
        found = self.without_heading(name, view, known, read)
        return replace(found, heading=replace(found.heading, now=view.now))

    def without_heading(
        self, name: str, view: View, known: Iterable[object], read: Callable[[Engine, View], Kept]
    ) -> Kept:
        """Return a report that does not say what it is of, likewise."""
        at = replace(view, now=start_of(view.today))
        with self._engine.connect() as connection:
            # Read before the report is: what is published meanwhile makes it newer than its edition, never older.
            current = edition(connection)
        place = self._place(current, (name, at, self._owners(), _These(tuple(known))))
        with place.lock:
            if place.report is None:
                place.report = read(self._mirror.engine_at(current) or self._engine, at)
                self._keep(place)
            found: Kept = place.report
        return found

    def _place(self, current: str, asked: Hashable) -> _Place:
        with self._lock:
            if current != self._edition:
                self._places.clear()
                self._edition = current
            found = self._places.setdefault(asked, _Place())
            self._places.move_to_end(asked)
            return found

    def _keep(self, place: _Place) -> None:
        """Count the lines of a report, and drop what was not asked for the longest time where they are too many."""
        place.lines = _lines(place.report)
        with self._lock:
            lines = sum(each.lines for each in self._places.values())
            while lines > self._most_lines:
                _, dropped = self._places.popitem(last=False)
                lines -= dropped.lines


def _lines(report: Any) -> int:
    """Return how many lines a report has, those of its parts among them."""
    if isinstance(report, tuple):
        return sum(1 + _lines(each) for each in report) if report and _has_parts(report[0]) else len(report)
    if is_dataclass(report):
        return sum(_lines(getattr(report, field.name)) for field in fields(report))
    return 0


def _has_parts(line: Any) -> bool:
    return is_dataclass(line) and any(isinstance(getattr(line, field.name), tuple) for field in fields(line))
