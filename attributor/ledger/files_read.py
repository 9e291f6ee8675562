"""The control totals of the files, or answers, that a source was last read from."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, delete, insert, select

from attributor.ledger.engine import reading
from attributor.ledger.tables import files_read
from collectors.base import FileRead


def files_of(engine: Engine, source: str) -> tuple[FileRead, ...]:
    """Return what a source was last read from, by place."""
    query = select(files_read).where(files_read.c.source == source).order_by(files_read.c.place)
    with reading(engine) as connection:
        return tuple(
            FileRead(row.place, row.rows, row.currency, _amounts(row.sums), _amounts(row.rounded))
            for row in connection.execute(query)
        )


def replace_files(connection: Connection, source: str, files: Iterable[FileRead], now: datetime) -> None:
    """Forget what a source was read from before, and note these."""
    connection.execute(delete(files_read).where(files_read.c.source == source))
    rows = [
        {
            "source": source,
            "place": file.place,
            "rows": file.rows,
            "currency": file.currency,
            "sums": _as_json(file.sums),
            "rounded": _as_json(file.rounded),
            "read_at": now,
        }
        for file in files
    ]
    if rows:
        connection.execute(insert(files_read), rows)


def _as_json(amounts: Mapping[str, Decimal]) -> str:
    return json.dumps({column: str(amount) for column, amount in sorted(amounts.items())})


def _amounts(text: str) -> dict[str, Decimal]:
    return {column: Decimal(amount) for column, amount in json.loads(text).items()}
