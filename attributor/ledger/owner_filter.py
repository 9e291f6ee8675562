"""What of the ledger somebody may read: enforced in every query, so that no page or report can forget it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Engine, Table, TextClause, event, false, or_, select
from sqlalchemy.sql import Delete, Select, Update, visitors
from sqlalchemy.sql.selectable import Alias, FromClause, Join

from attributor.ledger.alert_tables import alert_decisions, alert_feedback, alerts
from attributor.ledger.tables import coverage, editions, leases, publications, sources, statements

Owners = frozenset[str]
"""Ids of the teams whose costs, usage and alerts may be read."""

_OF_NOBODY = frozenset({publications, coverage, editions, leases, sources})
"""Tables that say nothing of any team: which days are known and how fresh sources are."""

_OF_ALERTS = {alert_decisions: "subject", alert_feedback: "key"}
"""Tables that belong to an alert, and the column with its key."""

_MARKS = {statements: frozenset({"month", "closed_at", "undone_at"})}
"""Columns that say nothing of any team, of tables that otherwise do: a query of no other column may read them."""

_LOCKS = "SELECT pg_advisory"


class HiddenError(PermissionError):
    """A query cannot be kept to the owners that may be read, so it is not run at all."""


class OwnerFilter:
    """Keeps the queries of engines to some owners, for as long as a `seen_by` lasts in a task or thread.

    A table with a column `team` is kept to them; one that says nothing of any team is read as it is, and so is a query
    of a table's columns that do not; all others are empty. Changes are kept to the same rows.
    """

    def __init__(self, engine: Engine) -> None:
        self._owners: ContextVar[Owners | None] = ContextVar("owners", default=None)
        self.keep(engine)

    def keep(self, engine: Engine) -> None:
        """Keep the queries of another engine that reads the same ledger, or a copy of it, to the same owners."""
        event.listen(engine, "before_execute", self._before_execute, retval=True)

    @property
    def owners(self) -> Owners | None:
        """Whose rows may be read here and now; None is everybody's."""
        return self._owners.get()

    @contextmanager
    def seen_by(self, owners: Owners | None) -> Iterator[None]:
        """Keep to these owners, None to nobody in particular, until the block ends."""
        token = self._owners.set(owners)
        try:
            yield
        finally:
            self._owners.reset(token)

    def visible(self, owners: Collection[str]) -> tuple[str, ...]:
        """Return those of the owners that may be read here and now, in their order."""
        kept = self.owners
        return tuple(owners) if kept is None else tuple(owner for owner in owners if owner in kept)

    def _before_execute(self, _: Any, statement: Any, multiparams: Any, params: Any, __: Any) -> tuple[Any, Any, Any]:
        owners = self.owners
        if owners is None:
            return statement, multiparams, params
        return kept_to(statement, owners), multiparams, params


def kept_to(statement: Any, owners: Owners) -> Any:
    """Return a statement that reads and changes only rows of these owners; raise HiddenError where it cannot be."""
    if isinstance(statement, TextClause):
        if statement.text.startswith(_LOCKS):
            return statement
        raise HiddenError("a statement in words cannot be kept to the owners that may be read")

    def keep_select(select: Select[Any]) -> None:
        for source in select.get_final_froms():
            if source in _MARKS and _asks_for(select, _MARKS[source]):
                continue
            for condition in _conditions(source, owners, may_be_absent=False):
                Select.where.non_generative(select, condition)  # type: ignore[attr-defined]

    found = visitors.cloned_traverse(statement, {}, {"select": keep_select})
    if isinstance(found, Update | Delete):
        for condition in _conditions(found.table, owners, may_be_absent=False):
            found = found.where(condition)
    return found


def _asks_for(select: Select[Any], marks: frozenset[str]) -> bool:
    """Return whether a query names these columns alone, in whatever part of it, and nothing in words."""
    parts = (*select.selected_columns, *visitors.iterate(select))
    if any(isinstance(each, TextClause) for each in parts):
        return False
    return all(each.name in marks for each in parts if isinstance(each, ColumnClause))


def _conditions(source: FromClause, owners: Owners, *, may_be_absent: bool) -> Iterator[ColumnElement[bool]]:
    """Yield what the rows of a FROM must meet; `may_be_absent`: it is the outer side of a join."""
    if isinstance(source, Join):
        yield from _conditions(source.left, owners, may_be_absent=may_be_absent or source.full)
        yield from _conditions(source.right, owners, may_be_absent=may_be_absent or source.isouter or source.full)
        return
    table = source.element if isinstance(source, Alias) else source
    if not isinstance(table, Table) or table in _OF_NOBODY:
        return
    condition = _condition(table, source, owners)
    if may_be_absent:
        condition = or_(condition, next(iter(source.primary_key)).is_(None))
    yield condition


def _condition(table: Table, source: FromClause, owners: Owners) -> ColumnElement[bool]:
    if "team" in table.c:
        return source.c.team.in_(sorted(owners))
    if table in _OF_ALERTS:
        keys = select(alerts.c.key).where(alerts.c.team.in_(sorted(owners)))
        return source.c[_OF_ALERTS[table]].in_(keys)
    return false()
