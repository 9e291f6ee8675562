"""All statements: which months are closed, what corrects them, and who has a statement of one month."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from attributor.ledger.corrections import posting_days
from attributor.ledger.engine import reading
from attributor.ledger.money_columns import money_sums
from attributor.ledger.statement_deliveries import TrackedParcel, troubled_parcels
from attributor.ledger.statements import Statement, closed_in
from attributor.ledger.tables import publications, rollup, team_days
from attributor.money import total
from attributor.periods import Month, month_of
from attributor.reports.costs import amounts, cost_sums, on_days
from attributor.reports.finality import Finality, finality, month_rules
from attributor.reports.owner_statement import Owner, OwnerKind
from attributor.reports.owners import shown_name
from rules.ruleset import Team

_MONTHS_SHOWN = 24


@dataclass(frozen=True)
class Amount:
    """An effective cost in its currency."""

    currency: str
    cost: Decimal


@dataclass(frozen=True)
class ClosedMonth:
    """A closing that stands: what was frozen, and what corrections of it that came later sum to."""

    month: Month
    revision: int
    closed_at: datetime
    closed_by: str
    digest: str
    totals: tuple[Amount, ...]
    corrections: tuple[Amount, ...]


@dataclass(frozen=True)
class OwnerLine:
    """Who has a statement of the month, and what it comes to."""

    owner: Owner
    name: str
    amounts: tuple[Amount, ...]


@dataclass(frozen=True)
class StatementList:
    """The closed months, the newest first, those that are open, and the owners of one `month`.

    `totals` are of that month; teams and cost centers each sum to them. `troubled` are statements that could not be
    sent yet, or were refused for some. Where it is not `is_whole` it tells of some teams alone: `totals` are theirs,
    and what is of the whole company is left out.
    """

    month: Month
    finality: Finality
    totals: tuple[Amount, ...]
    teams: tuple[OwnerLine, ...]
    cost_centers: tuple[OwnerLine, ...]
    closed: tuple[ClosedMonth, ...]
    open_months: tuple[Month, ...]
    troubled: tuple[TrackedParcel, ...]
    is_whole: bool = True


def statement_list(engine: Engine, teams: Mapping[str, Team], month: Month | None, now: datetime) -> StatementList:
    """Read the list; without a month it tells of the latest that is closed, otherwise of the current one."""
    return statements_now(engine, settled_statements(engine, teams, month, now))


def settled_statements(engine: Engine, teams: Mapping[str, Team], month: Month | None, now: datetime) -> StatementList:
    """Read what of the list is so until the ledger has another edition: all but what could not be sent."""
    with reading(engine) as connection:
        closed = closed_in(connection)
        chosen = month or (max(closed) if closed else month_of(now.date()))
        rules = month_rules(connection, chosen, closed.get(chosen))
        known = rules.ruleset.teams if chosen in closed and rules.ruleset is not None else teams.values()
        by_team = owner_lines(connection, chosen, "team", {team.id: team for team in known})
        return StatementList(
            month=chosen,
            finality=finality(connection, chosen, rules, now),
            totals=summed_amounts(by_team),
            teams=by_team,
            cost_centers=owner_lines(connection, chosen, "cost_center", {}),
            closed=tuple(_closed(connection, closed[each]) for each in sorted(closed, reverse=True)[:_MONTHS_SHOWN]),
            open_months=_open_months(connection, closed, now),
            troubled=(),
        )


def statements_now(engine: Engine, report: StatementList) -> StatementList:
    """Return a settled list with what just now could not be sent."""
    with engine.connect() as connection:
        return replace(report, troubled=troubled_parcels(connection))


def kept_to_teams(report: StatementList, owners: Collection[str]) -> StatementList:
    """Return the list for somebody who may see these teams alone."""
    teams = tuple(line for line in report.teams if line.owner.id in owners)
    return replace(
        report,
        teams=teams,
        totals=summed_amounts(teams),
        cost_centers=(),
        closed=tuple(replace(each, totals=(), corrections=()) for each in report.closed),
        troubled=(),
        is_whole=False,
    )


def owner_lines(
    connection: Connection, month: Month, kind: OwnerKind, teams: Mapping[str, Team]
) -> tuple[OwnerLine, ...]:
    """Return everybody who was charged anything in a month, the most expensive first."""
    found: dict[str, list[Amount]] = {}
    for row in connection.execute(_owner_sums(month, kind)):
        found.setdefault(row[0], []).append(Amount(row.currency, amounts(row, 2)[0]))
    lines = [OwnerLine(Owner(kind, each), _name(kind, each, teams), tuple(of)) for each, of in found.items()]
    return tuple(sorted(lines, key=lambda line: (max(each.cost for each in line.amounts).copy_negate(), line.name)))


def _owner_sums(month: Month, kind: OwnerKind) -> Select[Any]:
    """Return what reads (owner, currency, sums) of a month; those of teams are kept by day."""
    if kind == "team":
        of = team_days.c
        days, sums = (of.day >= month.first) & (of.day < month.end), money_sums(team_days, "effective")
        query = select(of.team, of.currency, *sums).where(days).group_by(of.team, of.currency)
        return query.order_by(of.currency)
    keys = (rollup.c.cost_center, rollup.c.currency)
    query = select(*keys, *cost_sums("effective")).where(on_days(month.first, month.end)).group_by(*keys)
    return query.order_by(rollup.c.currency)


def _name(kind: OwnerKind, owner: str, teams: Mapping[str, Team]) -> str:
    return shown_name(teams, owner) if kind == "team" else owner or "Without a cost center"


def summed_amounts(lines: Iterable[OwnerLine]) -> tuple[Amount, ...]:
    """Return what owners come to together, by currency."""
    costs: dict[str, list[Decimal]] = {}
    for line in lines:
        for each in line.amounts:
            costs.setdefault(each.currency, []).append(each.cost)
    return tuple(Amount(currency, total(of)) for currency, of in sorted(costs.items()))


def _closed(connection: Connection, statement: Statement) -> ClosedMonth:
    posted = rollup.c.day.in_(posting_days(connection, statement.month)) & (rollup.c.corrects == str(statement.month))
    query = select(rollup.c.currency, *cost_sums("effective")).where(posted).group_by(rollup.c.currency)
    return ClosedMonth(
        month=statement.month,
        revision=statement.revision,
        closed_at=statement.closed_at,
        closed_by=statement.closed_by,
        digest=statement.content.digest,
        totals=tuple(Amount(name, of["effective"]) for name, of in sorted(statement.content.totals.items())),
        corrections=tuple(Amount(row.currency, amounts(row, 1)[0]) for row in connection.execute(query)),
    )


def _open_months(connection: Connection, closed: Mapping[Month, Statement], now: datetime) -> tuple[Month, ...]:
    """Return the months with published charges that are not closed, the newest first."""
    days = select(func.min(publications.c.day), func.max(publications.c.day))
    first, last = connection.execute(days.where(publications.c.charges_version >= 0)).one()
    if first is None:
        return ()
    month = max(month_of(last), month_of(now.date()))
    found: list[Month] = []
    while month >= month_of(first) and len(found) < _MONTHS_SHOWN:
        if month not in closed:
            found.append(month)
        month = month.plus(-1)
    return tuple(found)
