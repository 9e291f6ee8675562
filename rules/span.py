"""Which hours of usage the charges at hand need."""

from collections.abc import Iterator

import duckdb

from rules.cells import CELLS
from rules.hours import LOOK_BACK_HOURS, Span, bucket_of, instant, start_of_bucket
from rules.outcomes import Activity, UsageSplit
from rules.ruleset import RuleSet, holds_on


def span_of(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet) -> Span | None:
    """Return the span that the cells of the connection need, or None."""
    needed = [*_of_rules(connection, ruleset), *_of_shared_teams(connection, ruleset)]
    if not needed:
        return None
    return Span(instant(min(start for start, _ in needed)), instant(max(end for _, end in needed)))


def _of_rules(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet) -> Iterator[tuple[int, int]]:
    rows = connection.execute(
        f"SELECT rule, min(window_start), max(window_end) FROM {CELLS} WHERE window_start IS NOT NULL GROUP BY rule"
    ).fetchall()
    for index, start, end in rows:
        outcome = ruleset.rules[index].outcome
        if isinstance(outcome, UsageSplit | Activity):
            yield _reach(outcome, start), end


def _of_shared_teams(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet) -> Iterator[tuple[int, int]]:
    for (day,) in connection.execute(f"SELECT DISTINCT day FROM {CELLS}").fetchall():
        for shared in ruleset.shared:
            if isinstance(shared.split, UsageSplit) and holds_on(shared, day):
                start, end = bucket_of(day, shared.split.per)
                yield _reach(shared.split, start), end


def _reach(split: UsageSplit | Activity, start: int) -> int:
    leans_back = isinstance(split, UsageSplit) and split.without_usage == "previous"
    return start_of_bucket(start - LOOK_BACK_HOURS, split.per) if leans_back else start
