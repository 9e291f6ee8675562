"""The way of the money: from services through rules to teams, the largest of each by name and the others together."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, select

from attributor.ledger.tables import rollup
from attributor.money import from_units, to_units
from attributor.reports.costs import amounts, cost_sums, on_days
from attributor.reports.owners import shown_name
from attributor.reports.view import Frame
from rules.ruleset import Team

_SERVICES, _RULES, _TEAMS = 7, 6, 8
_Pairs = Mapping[tuple[str, str], int]
_Key = str | None


@dataclass(frozen=True)
class FlowNode:
    """A service, a rule or a team and its cost; `key` None is all others together, "" where charges say nothing."""

    key: str | None
    name: str
    cost: Decimal


@dataclass(frozen=True)
class FlowLink:
    """What goes from one node to a node of the next column, by their keys; below 0 where credits are larger."""

    source: str | None
    target: str | None
    cost: Decimal


@dataclass(frozen=True)
class Flow:
    """The period's cost on its way: `services`, `rules` and `teams` each sum to the total, the others last.

    `to_rules` (service to rule) and `to_teams` (rule to team) sum to the total too, and those of a node to its cost.
    """

    services: tuple[FlowNode, ...]
    rules: tuple[FlowNode, ...]
    teams: tuple[FlowNode, ...]
    to_rules: tuple[FlowLink, ...]
    to_teams: tuple[FlowLink, ...]


def flow(connection: Connection, frame: Frame, teams: Mapping[str, Team]) -> Flow:
    """Read the period's kept rows; two aggregates."""
    to_rules = _pairs(connection, frame, rollup.c.service, rollup.c.rule)
    to_teams = _pairs(connection, frame, rollup.c.rule, rollup.c.team)
    services, rules = _sums(to_rules, 0, _SERVICES), _sums(to_rules, 1, _RULES)
    owners = _sums(to_teams, 1, _TEAMS)
    return Flow(
        services=tuple(FlowNode(key, key or "", from_units(units)) for key, units in services.items()),
        rules=tuple(FlowNode(key, key or "", from_units(units)) for key, units in rules.items()),
        teams=tuple(FlowNode(key, shown_name(teams, key or ""), from_units(units)) for key, units in owners.items()),
        to_rules=_links(to_rules, services, rules),
        to_teams=_links(to_teams, rules, owners),
    )


def _pairs(connection: Connection, frame: Frame, source: Column[Any], target: Column[Any]) -> _Pairs:
    days = on_days(frame.period.first, frame.period.end)
    query = select(source, target, *cost_sums(frame.view.basis)).where(days, frame.rows()).group_by(source, target)
    return {(row[0], row[1]): to_units(amounts(row, 2)[0]) for row in connection.execute(query)}


def _sums(pairs: _Pairs, side: int, most: int) -> dict[_Key, int]:
    """Return the largest values of one side with their sums, and the sum of the others where there are any."""
    found: dict[str, int] = {}
    for ends, units in pairs.items():
        found[ends[side]] = found.get(ends[side], 0) + units
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    shown: dict[_Key, int] = dict(ordered if len(ordered) <= most + 1 else ordered[:most])
    if len(shown) < len(ordered):
        shown[None] = sum(units for _, units in ordered[most:])
    return shown


def _links(pairs: _Pairs, sources: Mapping[_Key, int], targets: Mapping[_Key, int]) -> tuple[FlowLink, ...]:
    """Return the links between the nodes that are shown, in the order of both columns."""
    found: dict[tuple[_Key, _Key], int] = {}
    for (source, target), units in pairs.items():
        ends = (source if source in sources else None, target if target in targets else None)
        found[ends] = found.get(ends, 0) + units
    return tuple(
        FlowLink(source, target, from_units(found[source, target]))
        for source in sources
        for target in targets
        if found.get((source, target))
    )
