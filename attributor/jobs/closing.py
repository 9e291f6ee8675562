"""Closing a month and undoing it: each one transaction, while nobody publishes; what stands in the way is one line."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from attributor.attributing.outdated import find_outdated
from attributor.jobs.leadership import LEASE_NAME
from attributor.ledger.lease import between_publications
from attributor.ledger.reopening import months_that_hold_corrections, reopen
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statements import Statement, closed_in, record_statement
from attributor.ledger.tables import rule_sets
from attributor.ledger.upsert import insert_new
from attributor.money import plain
from attributor.periods import Month, month_of
from attributor.reports.reconcile import reconcile
from rules.ruleset import RuleSet

_NAMED_DAYS = 3


class CannotCloseError(Exception):
    """The month cannot be closed, or opened again; the message is one line: why, and what to do."""


@dataclass(frozen=True)
class Closer:
    """Who closes or opens a month, and when (aware UTC)."""

    by: str
    now: datetime


def close_month(engine: Engine, ruleset: RuleSet, month: Month, closer: Closer) -> Statement:
    """Freeze a month as it is published; raise CannotCloseError with nothing written.

    It must be over, attributed from all that is collected and by the rules in use, reconciled, and not closed yet. A
    daemon may be at work: it publishes before, or finds the month closed.
    """
    if closer.now.date() < month.end:
        raise CannotCloseError(f"{month} is not over: it can be closed from {month.end} (UTC) on")
    with between_publications(engine, LEASE_NAME, closer.now) as connection:
        _refuse_closed(connection, month)
        _refuse_unfinished(engine, ruleset, month)
        content = statement_content(connection, month)
        if not content.totals:
            raise CannotCloseError(f"{month} holds no charges: there is nothing to close")
        rules = {"digest": ruleset.digest, "text": ruleset.text, "first_used_at": closer.now}
        insert_new(connection, rule_sets, [rules])
        return record_statement(connection, Statement(month, 0, closer.now, closer.by, ruleset.digest, content))


def reopen_month(engine: Engine, month: Month, closer: Closer) -> Statement:
    """Undo a closing; return the statement with who undid it. Raises CannotCloseError with nothing written.

    The month's corrections are taken back out of the months that hold them; those must be open.
    """
    with between_publications(engine, LEASE_NAME, closer.now) as connection:
        statement = _standing(connection, month)
        holding = months_that_hold_corrections(connection, month)
        if holding:
            held = ", ".join(str(found) for found in holding)
            fix = f"undo the closing of {holding[-1]} first"
            raise CannotCloseError(f"corrections of {month} are part of the statement of {held}: {fix}")
        return reopen(connection, statement, closer.by, closer.now)


def standing_statement(engine: Engine, month: Month) -> Statement:
    """Return the statement that closes a month; raise CannotCloseError where it is open."""
    with engine.connect() as connection:
        return _standing(connection, month)


def _standing(connection: Connection, month: Month) -> Statement:
    found = closed_in(connection).get(month)
    if found is None:
        raise CannotCloseError(f"{month} is not closed")
    return found


def _refuse_closed(connection: Connection, month: Month) -> None:
    found = closed_in(connection).get(month)
    if found is not None:
        by = f"by {found.closed_by} at {found.closed_at:%Y-%m-%d %H:%M} UTC"
        fix = f"`attributor close --undo {month}` opens it again"
        raise CannotCloseError(f"{month} is closed already, {by}: {fix}")


def _refuse_unfinished(engine: Engine, ruleset: RuleSet, month: Month) -> None:
    days = [day for day in find_outdated(engine, ruleset).days if month_of(day) == month]
    if days:
        fix = "let `attributor run` attribute them first"
        raise CannotCloseError(f"{month} is not attributed from what is collected and configured {_named(days)}: {fix}")
    difference = reconcile(engine, month).difference
    if difference:
        see = f"see `attributor reconcile --period {month}`"
        raise CannotCloseError(f"{month} differs by {plain(difference)} between charges and allocations: {see}")


def _named(days: list[date]) -> str:
    named = ", ".join(str(day) for day in days[:_NAMED_DAYS])
    more = len(days) - _NAMED_DAYS
    return f"on {named}" + (f" and {more} more days" if more > 0 else "")
