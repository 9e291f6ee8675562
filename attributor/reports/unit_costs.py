"""What one of something costs: a request, a thousand tokens, any outcome that teams count; and the AI cost ratio."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal

from sqlalchemy import Column, ColumnElement, Connection, Engine, Row, and_, select, true

from attributor.ledger.money_columns import money_sums
from attributor.ledger.tables import rollup, usage_rollup
from attributor.money import total
from attributor.periods import Period, days_between
from attributor.reports.costs import amounts, cost_sums, on_days
from attributor.reports.lines import ratio
from attributor.reports.owners import shown_name
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Team
from rules.schema import IDLE, UNATTRIBUTED

REVENUE = "revenue"
"""The metric that says what was earned, in units of the currency."""
TOKENS = "tokens"
"""All kinds of tokens together."""
REQUESTS = "requests"
PER_THOUSAND = frozenset({TOKENS, REQUESTS})
"""What is counted by the thousand, and held against the cost of models."""
_OF_MACHINES = ("gpu.",)
_PERIODS_BACK = 5
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class UnitCost:
    """What `per` units of a metric cost a team, "" for all teams that count it.

    `cost` is that of its models for requests and tokens, and all of the team's for any other outcome; `unit_cost` is
    cost / quantity * per to six decimals, None where nothing was counted; `previous` the same of the period before,
    `change` the ratio by which it rose, None where either is missing.
    """

    team: str
    name: str
    metric: str
    per: int
    quantity: Decimal
    cost: Decimal
    unit_cost: Decimal | None
    previous: Decimal | None
    change: Decimal | None


@dataclass(frozen=True)
class CostRatio:
    """A team's cost against what it earned: `cost_share` = cost / revenue, `margin` = 1 - cost_share; four decimals."""

    team: str
    name: str
    revenue: Decimal
    cost: Decimal
    cost_share: Decimal | None
    margin: Decimal | None


@dataclass(frozen=True)
class PeriodCost:
    """A company's unit cost of a metric in a period, None where nothing was counted."""

    period: Period
    unit_cost: Decimal | None


@dataclass(frozen=True)
class Trend:
    """A metric's unit cost over six periods, the oldest first."""

    metric: str
    per: int
    points: tuple[PeriodCost, ...]


@dataclass(frozen=True)
class UnitCosts:
    """The unit costs of a period's days before `until` (exclusive), of which both costs and usage are whole.

    `company` are those of all teams together, `teams` of each; the trends are of the company. Filters keep to a part of
    the cost, and only teams to a part of what was counted: so AWS alone can be held against all requests.
    """

    heading: Heading
    until: date
    company: tuple[UnitCost, ...]
    teams: tuple[UnitCost, ...]
    ratios: tuple[CostRatio, ...]
    trends: tuple[Trend, ...]


@dataclass(frozen=True)
class _Counted:
    """Quantities by team and metric, and costs by team: of models, and whole."""

    quantities: Mapping[tuple[str, str], Decimal]
    of_models: Mapping[str, Decimal]
    whole: Mapping[str, Decimal]


def unit_costs(engine: Engine, teams: Mapping[str, Team], view: View) -> UnitCosts:
    """Read the unit costs; some twenty small queries."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        until = _until(seen)
        now = _counted(connection, seen, seen.period.first, until)
        before = _counted(connection, seen, seen.before.first, seen.before.end)
        earlier = [seen.period.plus(-back) for back in range(_PERIODS_BACK, 1, -1)]
        history = [(period, _counted(connection, seen, period.first, period.end)) for period in earlier]
    points = [*history, (seen.before, before), (seen.period, now)]
    metrics = sorted({metric for _, metric in now.quantities if metric != REVENUE})
    counting = sorted({team for team, metric in now.quantities if metric != REVENUE})
    return UnitCosts(
        heading=seen.heading,
        until=until,
        company=tuple(_line(teams, None, metric, now, before) for metric in metrics),
        teams=tuple(
            _line(teams, team, metric, now, before)
            for metric in metrics
            for team in counting
            if (team, metric) in now.quantities
        ),
        ratios=_ratios(teams, now),
        trends=tuple(
            Trend(
                metric,
                per_units(metric),
                tuple(PeriodCost(period, _unit_cost(of, None, metric)) for period, of in points),
            )
            for metric in metrics
        ),
    )


def team_unit_costs(connection: Connection, seen: Frame, teams: Mapping[str, Team], team: str) -> tuple[UnitCost, ...]:
    """Return what one team's units cost; four queries. Usage knows no services: what is kept to some has none."""
    if seen.view.filters or team in {UNATTRIBUTED, IDLE}:
        return ()
    until = _until(seen)
    now = _counted(connection, seen, seen.period.first, until, team)
    before = _counted(connection, seen, seen.before.first, seen.before.end, team)
    metrics = sorted({metric for _, metric in now.quantities if metric != REVENUE})
    return tuple(_line(teams, team, metric, now, before) for metric in metrics)


def _until(seen: Frame) -> date:
    """Return the day before which (exclusive) both costs and usage of the period are whole."""
    until = min(seen.whole_until, seen.period.end) if seen.view.is_open else seen.period.end
    return max(until, seen.period.first)


def _counted(connection: Connection, seen: Frame, first: date, end: date, team: str | None = None) -> _Counted:
    table, costs = usage_rollup.c, (rollup.c.team, rollup.c.model)
    used = select(table.team, table.metric, *money_sums(usage_rollup, "quantity")).group_by(table.team, table.metric)
    kept = and_(_of_team(table.team, team), *(table.team.in_(f.values) for f in seen.view.filters if f.word == "team"))
    # Day by day, an index on (day, team) finds one team without reading the others.
    quantities = _quantities(connection.execute(used.where(table.day.in_(tuple(days_between(first, end))), kept)))
    if not quantities:
        return _Counted({}, {}, {})
    paid = select(*costs, *cost_sums(seen.view.basis)).group_by(*costs)
    paid = paid.where(on_days(first, end), seen.rows(_of_team(rollup.c.team, team)))
    of_models: dict[str, list[Decimal]] = {}
    whole: dict[str, list[Decimal]] = {}
    for row in connection.execute(paid):
        cost = amounts(row, 2)[0]
        whole.setdefault(row.team, []).append(cost)
        if row.model:
            of_models.setdefault(row.team, []).append(cost)
    return _Counted(quantities, _summed(of_models), _summed(whole))


def _of_team(column: Column[str], team: str | None) -> ColumnElement[bool]:
    return true() if team is None else column == team


def _quantities(rows: Iterable[Row[*tuple[object, ...]]]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], list[Decimal]] = {}
    for row in rows:
        team, metric = str(row[0]), str(row[1])
        if team in {UNATTRIBUTED, IDLE} or metric.startswith(_OF_MACHINES):
            continue
        counted = TOKENS if metric.startswith("tokens.") else metric
        found.setdefault((team, counted), []).append(amounts(row, 2)[0])
    return {key: total(of) for key, of in found.items() if total(of) > 0}


def _summed(parts: Mapping[str, Sequence[Decimal]]) -> dict[str, Decimal]:
    return {team: total(costs) for team, costs in parts.items()}


def per_units(metric: str) -> int:
    """Return of how many units the cost is told."""
    return 1000 if metric in PER_THOUSAND else 1


def _of(counted: _Counted, team: str | None, metric: str) -> tuple[Decimal, Decimal]:
    """Return quantity and cost of a metric: of one team, or of all that count it."""
    costs = counted.of_models if metric in PER_THOUSAND else counted.whole
    teams = [name for name, of in counted.quantities if of == metric and team in {None, name}]
    quantity = total(counted.quantities[name, metric] for name in teams)
    return quantity, total(costs.get(name, Decimal(0)) for name in teams)


def _unit_cost(counted: _Counted, team: str | None, metric: str) -> Decimal | None:
    quantity, cost = _of(counted, team, metric)
    if not quantity:
        return None
    exact = _EXACT.divide(_EXACT.multiply(cost, Decimal(per_units(metric))), quantity)
    return exact.quantize(Decimal("0.000001"), context=_EXACT)


def _line(teams: Mapping[str, Team], team: str | None, metric: str, now: _Counted, before: _Counted) -> UnitCost:
    quantity, cost = _of(now, team, metric)
    current, previous = _unit_cost(now, team, metric), _unit_cost(before, team, metric)
    change = None if current is None or not previous else ratio(current - previous, previous)
    name = "" if team is None else shown_name(teams, team)
    return UnitCost(team or "", name, metric, per_units(metric), quantity, cost, current, previous, change)


def _ratios(teams: Mapping[str, Team], now: _Counted) -> tuple[CostRatio, ...]:
    earned = {team: quantity for (team, metric), quantity in now.quantities.items() if metric == REVENUE}
    found = []
    for team, revenue in sorted(earned.items(), key=lambda item: (item[1].copy_negate(), item[0])):
        cost = now.whole.get(team, Decimal(0))
        found.append(
            CostRatio(
                team, shown_name(teams, team), revenue, cost, ratio(cost, revenue), ratio(revenue - cost, revenue)
            )
        )
    return tuple(found)
