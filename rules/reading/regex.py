"""Refusing patterns that could run away, and checking that DuckDB's RE2 can read the rest."""

import re
from collections.abc import Iterable

import duckdb

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")


def runs_away(pattern: str) -> bool:
    """Return whether a repeated group holds a repetition itself, as in (a+)+: exponential where engines backtrack.

    RE2 is linear, so attribution would survive it; but the same rules are read by tools that are not.
    """
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
            repetition = _UNBOUNDED.match(plain, position + 1)
            if inner and repetition:
                return True
            repeats_inside[-1] = repeats_inside[-1] or inner
        elif _UNBOUNDED.match(plain, position):
            repeats_inside[-1] = True
        position += 1
    return False


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
