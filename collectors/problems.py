"""What is wrong with a reading, gathered over all of its files, and raised as one error."""

from collections.abc import Mapping
from dataclasses import replace

from collectors.base import CollectError, RowProblem

LISTED_AT_MOST = 50
_SHOWN_LENGTH = 120


class Problems:
    """The problems of one reading: the first fifty in full, all of them counted."""

    def __init__(self) -> None:
        self._listed: list[RowProblem] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def listed(self) -> tuple[RowProblem, ...]:
        """The first so many, in the order found."""
        return tuple(self._listed)

    def add(self, place: str, message: str, *, row: int | None = None, field: str | None = None) -> None:
        """Note what is wrong with a place as a whole, or with one of its rows or columns."""
        self.add_value(RowProblem(place, row, field, None, message))

    def add_value(self, problem: RowProblem) -> None:
        """Note what is wrong with one value; one that is too long to read is cut."""
        self._count += 1
        if len(self._listed) >= LISTED_AT_MOST:
            return
        value = problem.value
        if value is not None and len(value) > _SHOWN_LENGTH:
            value = value[:_SHOWN_LENGTH] + "…"
        self._listed.append(RowProblem(problem.place, problem.row, problem.field, value, problem.message))

    def take(self, others: "Problems", rename: Mapping[str, str]) -> None:
        """Note what others gathered, under the names that the fields have in the file."""
        for problem in others.listed:
            name = problem.field if problem.field is None else rename.get(problem.field, problem.field)
            self.add_value(replace(problem, field=name))
        self._count += len(others) - len(others.listed)

    def raise_if_any(self, source: str) -> None:
        """Raise one permanent CollectError that lists the problems; do nothing where there are none."""
        if not self._count:
            return
        unlisted = self._count - len(self._listed)
        noun = "problem" if self._count == 1 else "problems"
        lines = [f"{source}: {self._count} {noun}; nothing of this reading is stored"]
        lines += [f"  {problem}" for problem in self._listed]
        if unlisted:
            lines.append(f"  and {unlisted} more")
        raise CollectError("\n".join(lines), permanent=True, problems=self.listed)
