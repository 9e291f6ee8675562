"""What a team's cost is made of: drivers, the rules that brought it here, and capacity that stood idle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger import rollup_parts
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, unmatched_owners
from attributor.reports.lines import Moved, moved_by, summed
from attributor.reports.narrowing import kept_sources
from attributor.reports.owners import shown_name
from attributor.reports.rule_basis import rule_basis
from attributor.reports.statement_lines import is_shared
from attributor.reports.view import Frame
from rules.ruleset import Rule, RuleSet, Team

_DRIVERS = 10
_ESTIMATED = "estimated"
IS_IDLE = rollup_parts.IS_IDLE
"""The condition that a rollup row is capacity that was paid for and not used."""


@dataclass(frozen=True)
class Driver:
    """One of the things that cost most: a service for a project, in an account, for a model.

    "" where it is unknown, or where estimates without an account stand beside several.
    """

    service: str
    project: str
    account: str
    model: str
    cost: Decimal
    previous: Decimal
    change: Decimal


@dataclass(frozen=True)
class RuleLine:
    """What one rule gave the team, by which method, through which provider team, leaning on which fallback.

    `is_shared`: it is the team's part of something that several bear; `why` says how it was divided, as the rule stands
    now.
    """

    rule: str
    method: str
    shared_step: str
    fallback: str
    is_shared: bool
    why: str
    cost: Decimal
    previous: Decimal
    change: Decimal


@dataclass(frozen=True)
class IdleLine:
    """Capacity that was paid for and not used: `cause` is unallocated, held, low, rest or unused_commitment."""

    cause: str
    service: str
    cost: Decimal
    previous: Decimal
    change: Decimal


@dataclass(frozen=True)
class IdleTeam:
    """Capacity that one owner answers for and did not use; `idle` itself where it has no owner."""

    team: str
    name: str
    cause: str
    cost: Decimal
    previous: Decimal
    change: Decimal


@dataclass(frozen=True)
class UnmatchedOwner:
    """A value of an owner column that names no team, with the effective cost behind it."""

    column: str
    value: str
    cost: Decimal


def drivers(connection: Connection, frame: Frame, keep: ColumnElement[bool]) -> tuple[Driver, ...]:
    """Return the ten things that cost most.

    Usage knows no account, the bill that takes the estimate's place does: where a service of a project and model is
    estimated without one, its accounts are told together, so that the two compare.
    """
    columns = (rollup.c.service, rollup.c.project, rollup.c.model, rollup.c.account, rollup.c.basis)
    found = moved_by(connection, frame, columns, keep)
    together = {values[:3] for values, _ in found if values[3:] == ("", _ESTIMATED)}
    groups: dict[tuple[str, ...], list[tuple[str, Moved]]] = {}
    for (*thing, account, _), moved in found:
        key = (*thing, "" if tuple(thing) in together else account)
        groups.setdefault(key, []).append((account, moved))
    lines = [_driver(key[:3], members) for key, members in groups.items()]
    lines.sort(key=lambda line: (line.cost.copy_negate(), line.service, line.project, line.account, line.model))
    return tuple(line for line in lines if line.cost or line.previous or line.change)[:_DRIVERS]


def _driver(thing: tuple[str, ...], members: Sequence[tuple[str, Moved]]) -> Driver:
    service, project, model = thing
    accounts = {account for account, _ in members if account}
    account = accounts.pop() if len(accounts) == 1 else ""
    return Driver(service, project, account, model, *summed([moved for _, moved in members]))


def rule_lines(
    connection: Connection, frame: Frame, keep: ColumnElement[bool], rules: Sequence[Rule] = ()
) -> tuple[RuleLine, ...]:
    """Return how the cost reached the team; the lines sum to the whole. `rules` are those in use."""
    columns, ruleset = (
        (rollup.c.rule, rollup.c.method, rollup.c.shared_step, rollup.c.fallback),
        RuleSet(rules=(*rules,)),
    )
    return tuple(
        RuleLine(rule, method, step, fallback, is_shared(method, step), rule_basis(ruleset, rule, method).words, *moved)
        for (rule, method, step, fallback), moved in moved_by(connection, frame, columns, keep)
    )


def idle_lines(connection: Connection, frame: Frame, keep: ColumnElement[bool]) -> tuple[IdleLine, ...]:
    """Return the rows that are marked idle, by cause and service."""
    columns = (rollup.c.idle_cause, rollup.c.service)
    found = moved_by(connection, frame, columns, keep & (rollup.c.idle_cause != ""))
    return tuple(IdleLine(cause, service, *moved) for (cause, service), moved in found)


def idle_teams(connection: Connection, frame: Frame, teams: Mapping[str, Team]) -> tuple[IdleTeam, ...]:
    """Return everyone's idle capacity, by owner and cause."""
    found = moved_by(connection, frame, (rollup.c.team, rollup.c.idle_cause), IS_IDLE)
    return tuple(IdleTeam(team, shown_name(teams, team), cause, *moved) for (team, cause), moved in found)


def unmatched(connection: Connection, frame: Frame) -> tuple[UnmatchedOwner, ...]:
    """Return the owner values that name no team, the most expensive first; they are known by source alone."""
    table = unmatched_owners.c
    keys = (table.column_name, table.value)
    query = select(*keys, *money_sums(unmatched_owners, "effective")).group_by(*keys)
    period = (table.day >= frame.period.first) & (table.day < frame.period.end)
    kept = kept_sources(unmatched_owners, frame.view.filters)
    rows = connection.execute(query.where(period, kept, table.currency == frame.currency))
    found = (UnmatchedOwner(row[0], row[1], joined(row[2], row[3])) for row in rows)
    return tuple(sorted(found, key=lambda line: (line.cost.copy_negate(), line.column, line.value)))
