"""Refusing patterns that could run away, and checking that DuckDB's RE2 can read the rest."""

import re
from collections.abc import Iterable

import duckdb

from rules.reading.alternatives import ambiguous

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_REPEATED = re.compile(r"[*+]|\{(\d*),?(\d*)\}")
_MANY = 10
"""So many repetitions of what repeats without end are as bad as unbounded ones."""


def runs_away(pattern: str) -> bool:
    """Return whether a pattern is exponential where engines backtrack.

    That is where a repeated group holds a repetition itself, as in (a+)+, or alternatives by which one text is read in
    two ways, as in (a|aa)+. RE2 is linear, so attribution would survive it; but the same rules are read by tools that
    are not.
    """
    return _repeats_repetition(pattern) or ambiguous(pattern)


def _repeats_repetition(pattern: str) -> bool:
    plain = _CLASS.sub("c", _ESCAPED.sub("c", pattern))
    repeats_inside = [False]
    position = 0
    while position < len(plain):
        character = plain[position]
        if character == "(":
            repeats_inside.append(False)
            position += 2 if plain[position + 1 : position + 2] == "?" else 1
            continue
        if character == ")" and len(repeats_inside) > 1:
            inner = repeats_inside.pop()
            if inner and _most(plain, position + 1) >= _MANY:
                return True
            repeats_inside[-1] = repeats_inside[-1] or inner
        elif _varies(plain, position):
            repeats_inside[-1] = True
        position += 1
    return False


def _most(plain: str, position: int) -> float:
    """Return how often what stands before the position may be repeated; once where no repetition stands there."""
    found = _REPEATED.match(plain, position)
    if found is None:
        return 1
    low, high = found[1], found[2]
    unbounded = low is None or ("," in found[0] and not high)
    return float("inf") if unbounded else int(high or low or 1)


def _varies(plain: str, position: int) -> bool:
    """Whether a repetition stands here that leaves open how often: `*`, `+`, `{2,}` or `{1,9}`, but not `{3}`."""
    found = _REPEATED.match(plain, position)
    return found is not None and (found[1] is None or ("," in found[0] and found[1] != found[2]))


def unreadable(patterns: Iterable[str]) -> dict[str, str]:
    """Return what RE2 says of each pattern that it cannot read; {} where all are fine."""
    wanted = sorted(set(patterns))
    if not wanted:
        return {}
    with duckdb.connect() as connection:
        if _complaint(connection, wanted) is None:
            return {}
        complaints = {pattern: _complaint(connection, [pattern]) for pattern in wanted}
    return {pattern: complaint for pattern, complaint in complaints.items() if complaint is not None}


def _complaint(connection: duckdb.DuckDBPyConnection, patterns: list[str]) -> str | None:
    try:
        connection.execute(
            "SELECT regexp_matches('', pattern) FROM unnest(?) AS patterns(pattern)", [patterns]
        ).fetchall()
    except duckdb.Error as error:
        return str(error).removeprefix("Invalid Input Error: ")
    return None
