"""What moved a period's cost most since the one before, and why: things of a team, a service and a model."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, func, literal, select, tuple_, union_all

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import publications, rollup, usage_rollup
from attributor.money import from_units, to_units
from attributor.reports.categories import is_usage
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.owners import shown_name
from attributor.reports.told import OF_CHARGES
from attributor.reports.view import Frame
from attributor.reports.why_moved import Cell, Known, MovePart, why_moved
from rules.ruleset import Team

_SHOWN = 8
_THING = (rollup.c.team, rollup.c.service, rollup.c.model)
_PLACE = (rollup.c.account, rollup.c.project)
_Thing = tuple[str, str, str]
_Spans = tuple[tuple[date, ...], tuple[date, ...]]
"""The days that are compared, and those of the previous period beside them."""
_Tokens = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True)
class Mover:
    """A service and model of a team, "" where there is none, and how it moved over the days that are compared.

    `parts` sum to `change`. Tokens are those of the same days, None where none are known.
    """

    team: str
    name: str
    service: str
    model: str
    previous: Decimal
    change: Decimal
    parts: tuple[MovePart, ...]
    tokens: Decimal | None
    previous_tokens: Decimal | None


@dataclass
class _Found:
    """One thing as it is read: its cells, and the sources that its charges are of."""

    cells: list[Cell] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)


def movers(
    connection: Connection, frame: Frame, teams: Mapping[str, Team], keep: ColumnElement[bool] | None = None
) -> tuple[Mover, ...]:
    """Return what moved most of the kept rows, up or down, the largest first; five small queries at most."""
    things = _largest(connection, frame, keep) if frame.heading.comparison.is_possible else {}
    if not things:
        return ()
    found = _read(connection, frame, things, keep)
    changed = _sources_with_other_rules(connection, frame)
    tokens = _tokens(connection, _spans(frame, {thing: found[thing] for thing, alone in things.items() if alone}))
    lines = []
    for (team, service, model), of in found.items():
        used = tokens.get((team, service, model), (None, None))
        known = Known(*used, rules_changed=bool(of.sources & changed), is_at_list=frame.view.basis == "list")
        previous = sum(cell.previous for cell in of.cells)
        change = sum(cell.cost for cell in of.cells) - previous
        moved = (from_units(previous), from_units(change), why_moved(of.cells, known))
        lines.append(Mover(team, shown_name(teams, team), service, model, *moved, *used))
    lines.sort(key=lambda line: (line.change.copy_abs().copy_negate(), line.team, line.service, line.model))
    return tuple(line for line in lines if line.change)


def _largest(connection: Connection, frame: Frame, keep: ColumnElement[bool] | None) -> dict[_Thing, bool]:
    """Return the things that moved most, and whether the tokens of its team and model are those of the thing alone."""
    moved = rollup.c[f"{frame.view.basis}_millionths"]
    rows = union_all(
        *(
            select(*_THING, func.sum(sign * moved).label("moved")).where(of.rows, frame.rows(keep)).group_by(*_THING)
            for sign, of in ((1, frame.compared), (-1, frame.previous))
        )
    ).subquery()
    keys = [rows.c[column.name] for column in _THING]
    services = func.count().over(partition_by=(rows.c.team, rows.c.model))
    ranked = select(*keys, services).group_by(*keys).order_by(func.abs(func.sum(rows.c.moved)).desc(), *keys)
    return {(row[0], row[1], row[2]): bool(row[2]) and row[3] == 1 for row in connection.execute(ranked.limit(_SHOWN))}


def _read(
    connection: Connection, frame: Frame, things: Collection[_Thing], keep: ColumnElement[bool] | None
) -> dict[_Thing, _Found]:
    """Read the things by source, rule, account and project."""
    found: dict[_Thing, _Found] = {thing: _Found() for thing in things}
    keys = (*_THING, rollup.c.source, rollup.c.rule, *_PLACE, rollup.c.basis, rollup.c.category)
    sums = (*cost_sums(frame.view.basis), *cost_sums("list"))
    kept = frame.rows(keep) & tuple_(*_THING).in_(list(things))
    arms = (
        select(literal(arm), *keys, *sums).where(of.rows, kept).group_by(*keys)
        for arm, of in enumerate((frame.compared, frame.previous))
    )
    for row in connection.execute(union_all(*arms)):
        thing = found[row[1], row[2], row[3]]
        cost, listed = (to_units(amount) for amount in amounts(row, 10, 2))
        costs = (0, cost, 0, listed) if row[0] else (cost, 0, listed, 0)
        thing.cells.append(Cell(row[5], (row[6], row[7]), is_usage(row[9]), row[8] == "estimated", *costs))
        thing.sources.add(row[4])
    return found


def _sources_with_other_rules(connection: Connection, frame: Frame) -> frozenset[str]:
    """Return the sources whose rules said something else of the days that are compared.

    Days of closed months have no digest of what rules say of a day, but of all rules: there these are compared.
    """
    table = publications.c
    keys = (table.source, table.day_rules, table.rules_digest)
    arms = (
        select(literal(arm), *keys).distinct().where(OF_CHARGES, table.day.in_(of.days))
        for arm, of in enumerate((frame.compared, frame.previous))
    )
    said: dict[str, tuple[set[tuple[str, str]], set[tuple[str, str]]]] = {}
    for arm, source, *digests in connection.execute(union_all(*arms)):
        said.setdefault(source, (set(), set()))[arm].add((digests[0], digests[1]))
    return frozenset(source for source, (now, before) in said.items() if now and before and _differ(now, before))


def _differ(now: set[tuple[str, str]], before: set[tuple[str, str]]) -> bool:
    is_frozen = any(of_day == of_all for of_day, of_all in now | before)
    at = 1 if is_frozen else 0
    return {digests[at] for digests in now} != {digests[at] for digests in before}


def _spans(frame: Frame, found: Mapping[_Thing, _Found]) -> dict[_Spans, list[_Thing]]:
    """Return the things by the days that they are compared on, those left out whose sources differ in these."""
    known = {each.source: (each.days, each.previous) for each in frame.sources}
    things: dict[_Spans, list[_Thing]] = {}
    for thing, of in found.items():
        spans = {known[source] for source in of.sources if source in known}
        if len(spans) == 1:
            things.setdefault(spans.pop(), []).append(thing)
    return things


def _tokens(connection: Connection, things: Mapping[_Spans, list[_Thing]]) -> dict[_Thing, _Tokens]:
    """Return the tokens of the days that are compared; one query for all things that are compared on the same days."""
    table, found = usage_rollup.c, {}
    for spans, alike in things.items():
        kept = table.metric.like("tokens.%") & tuple_(table.team, table.model).in_(
            [(team, model) for team, _, model in alike]
        )
        arms = (
            select(literal(arm), table.team, table.model, *money_sums(usage_rollup, "quantity"))
            .where(table.day.in_(days), kept)
            .group_by(table.team, table.model)
            for arm, days in enumerate(spans)
        )
        used = {tuple(row[:3]): joined(row[3], row[4]) for row in connection.execute(union_all(*arms))}
        for team, service, model in alike:
            found[team, service, model] = (used.get((0, team, model)), used.get((1, team, model)))
    return found
