"""Results of a provider's buckets as rows of usage; everything that is wrong with them is told at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from collectors.api.buckets import Result
from collectors.api.rows import Row
from collectors.base import RowProblem, Window
from collectors.problems import Problems
from collectors.tokens.counts import CountError


def counted_buckets(
    place: str, buckets: Mapping[Window, Sequence[Result]], rows_of: Callable[[Window, Result], Iterable[Row]]
) -> dict[Window, list[Row]]:
    """Return the rows of every bucket; raise a permanent CollectError that lists each count that cannot be right."""
    problems = Problems()
    found: dict[Window, list[Row]] = {}
    for span, results in buckets.items():
        rows = found.setdefault(span, [])
        for number, result in enumerate(results, 1):
            try:
                rows += rows_of(span, result)
            except CountError as error:
                where = f"{place} {span.start:%Y-%m-%dT%HZ}"
                problems.add_value(RowProblem(where, number, error.field, error.value, str(error)))
    problems.raise_if_any(place)
    return found
