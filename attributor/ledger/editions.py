"""Which edition of the ledger readers see: another one after every change of what reports are made of.

Whoever keeps a report beside the edition that it was read from can tell whether it still holds. The edition changes in
the transaction of the change itself, and by whatever writes: an engine that `note_editions` listens to.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Delete, Engine, Insert, Update, event, select

from attributor.ledger.tables import (
    corrections,
    coverage,
    editions,
    estimated_days,
    estimates,
    publications,
    restatements,
    rollup,
    rule_sets,
    statements,
    tag_compliance,
    team_days,
    unmatched_owners,
    unpriced_usage,
    usage_by_fact,
    usage_hours,
    usage_rollup,
)
from attributor.ledger.upsert import upsert

REPORTED = frozenset(
    {
        corrections,
        coverage,
        estimated_days,
        estimates,
        publications,
        restatements,
        rollup,
        rule_sets,
        statements,
        tag_compliance,
        team_days,
        unmatched_owners,
        unpriced_usage,
        usage_by_fact,
        usage_hours,
        usage_rollup,
    }
)
"""The tables that costs, usage and what is known of both are read from; not how sources and alerts stand just now."""

_NAME = "reported"
_NOTED = "edition noted"


def edition(connection: Connection) -> str:
    """Return the edition that a connection reads; "" where nothing was ever written."""
    return connection.scalar(select(editions.c.edition).where(editions.c.name == _NAME)) or ""


def table_editions(connection: Connection) -> Mapping[str, str]:
    """Return the editions of the `REPORTED` tables by their names; one that was never written to has none."""
    query = select(editions.c.name, editions.c.edition).where(editions.c.name != _NAME)
    return {row.name: row.edition for row in connection.execute(query)}


def note_editions(engine: Engine) -> None:
    """Let every transaction of the engine that changes one of the `REPORTED` tables make another edition of both.

    An edition is a random text: one that was rolled back, or that a backup brings again, is never taken for another.
    """
    event.listen(engine, "after_execute", _after_execute)


def _after_execute(connection: Connection, statement: Any, _: Any, __: Any, ___: Any, ____: Any) -> None:
    if not isinstance(statement, Insert | Update | Delete) or statement.table not in REPORTED:
        return
    transaction = connection.get_transaction()
    of, noted = connection.info.get(_NOTED, (None, frozenset()))
    known = noted if of is transaction else frozenset()
    # The one of all comes first: whoever writes waits there for others, and never for one another's tables.
    names = [name for name in (_NAME, statement.table.name) if name not in known]
    if names:
        connection.info[_NOTED] = (transaction, known.union(names))
        upsert(connection, editions, [{"name": name, "edition": secrets.token_hex(16)} for name in names])
