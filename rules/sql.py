"""Small pieces of DuckDB SQL that the engine is put together from. Text of the user's is only ever a literal."""

MICROSECONDS_PER_HOUR = 3_600_000_000
HOURS_PER_DAY = 24


def literal(text: str) -> str:
    """Return a text as an SQL literal; a NUL, which SQL text cannot hold, is joined in by its number."""
    parts = ("'" + part.replace("'", "''") + "'" for part in text.split("\x00"))
    return "(" + " || chr(0) || ".join(parts) + ")" if "\x00" in text else next(parts)


def identifier(name: str) -> str:
    """Return a quoted name of a table or column."""
    return '"' + name.replace('"', '""') + '"'


def hours_of(instant: str) -> str:
    """Return the hour of an instant, counted from 1970 in UTC, whatever the session's time zone."""
    return f"(epoch_us({instant}) // {MICROSECONDS_PER_HOUR})"


def instant_of(hours: str) -> str:
    """Return the aware instant at which an hour counted from 1970 begins."""
    return f"make_timestamptz(({hours}) * {MICROSECONDS_PER_HOUR})"


def day_of(instant: str) -> str:
    """Return the UTC day of an instant."""
    return f"CAST(make_timestamp(epoch_us({instant})) AS DATE)"


def units_of(amount: str) -> str:
    """Return a DECIMAL(38,12) amount as a HUGEINT of 1e-12 units; exact for all that the type holds."""
    whole = f"CAST(trunc({amount}) AS HUGEINT) * 1000000000000::HUGEINT"
    return f"({whole} + CAST(({amount} - trunc({amount})) * 1000000000000::DECIMAL(13,0) AS HUGEINT))"


def amount_of(units: str) -> str:
    """Return a HUGEINT of 1e-12 units as DECIMAL(38,12)."""
    return f"CAST(CAST({units} AS DECIMAL(38,0)) * 0.000000000001::DECIMAL(12,12) AS DECIMAL(38,12))"


def share(cost: str, low: str, high: str, total: str) -> str:
    """Return trunc(cost * high / total) - trunc(cost * low / total) of HUGEINTs, whose division truncates."""
    return f"(({cost}) * {high} // {total} - ({cost}) * {low} // {total})"
