"""Results of a provider's buckets as rows; everything that is wrong with them is told at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from collectors.api.buckets import Result
from collectors.api.rows import Row
from collectors.base import RowProblem, Window
from collectors.problems import Problems


class ResultError(ValueError):
    """A field of a result that cannot be right; the message is for the user."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = None if value is None else str(value)


def text_or_none(result: Result, field: str) -> str | None:
    """Return a text, None where it is missing, null or empty; raise ResultError where it is anything else."""
    value = result.get(field)
    if value is not None and not isinstance(value, str):
        raise ResultError(field, value, "is no text")
    return value or None


def rows_of_buckets(
    place: str, buckets: Mapping[Window, Sequence[Result]], rows_of: Callable[[Window, Result], Iterable[Row]]
) -> dict[Window, list[Row]]:
    """Return the rows of every bucket; raise a permanent CollectError that lists each field that cannot be right."""
    problems = Problems()
    found: dict[Window, list[Row]] = {}
    for span, results in buckets.items():
        rows = found.setdefault(span, [])
        for number, result in enumerate(results, 1):
            try:
                rows += rows_of(span, result)
            except ResultError as error:
                where = f"{place} {span.start:%Y-%m-%dT%HZ}"
                problems.add_value(RowProblem(where, number, error.field, error.value, str(error)))
    problems.raise_if_any(place)
    return found
