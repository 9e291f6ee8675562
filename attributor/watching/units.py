"""What units cost teams by day, and by model: the same costs and quantities as on the page of unit costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, case, select

from alerts.detect.unit_cost_series import UnitDay, UnitSeries
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_rollup
from attributor.money import total
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.reports.gpu_pools import HOURS, pools_by_rule
from attributor.reports.unit_costs import PER_THOUSAND, REQUESTS, REVENUE, TOKENS, per_units
from attributor.watching.completeness import STALLED_AFTER
from attributor.watching.known_days import KnownDays, known_days
from attributor.watching.spend import NOT_USAGE
from rules.attribute import metrics_of
from rules.ruleset import RuleSet
from rules.schema import IDLE, UNATTRIBUTED

_HISTORY = timedelta(days=91)
"""Four weeks that are scanned, and nine before them."""
_COSTS_OF = {REQUESTS: "cost of models", TOKENS: "cost of models", HOURS: "cost of GPU pools"}
_ALL = "whole cost"
_Key = tuple[str, str, str]
"""Team, model and currency, or team, metric and model."""


@dataclass
class _Told:
    """Amounts by day, and the sources that told them."""

    days: dict[date, list[Decimal]] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)

    def add(self, day: date, amount: Decimal, source: str) -> None:
        self.days.setdefault(day, []).append(amount)
        self.sources.add(source)


@dataclass(frozen=True)
class _Costs:
    """By team, model and currency: of models, of each alone and of all ("" for the model); of GPU pools; in all."""

    of_models: dict[_Key, _Told] = field(default_factory=dict)
    of_pools: dict[_Key, _Told] = field(default_factory=dict)
    whole: dict[_Key, _Told] = field(default_factory=dict)

    def of(self, metric: str) -> Mapping[_Key, _Told]:
        """Return the costs that a metric's units are held against."""
        if metric in PER_THOUSAND:
            return self.of_models
        return self.of_pools if metric == HOURS else self.whole


def unit_series(engine: Engine, ruleset: RuleSet, now: datetime) -> list[UnitSeries]:
    """Return a series for each team, metric and currency, and of requests and tokens for each model, too.

    Its days are those that both bills and usage have told in full. Left out are revenue, what is no team's, and beside
    requests, tokens and GPU hours what rules split by: of that costs are made, it is no outcome.
    """
    first = (now - _HISTORY).date()
    with engine.connect() as connection:
        inputs = metrics_of(ruleset) - {REQUESTS, HOURS}
        units = {key: used for key, used in _units(connection, first).items() if key[1] not in inputs}
        if not units:
            return []
        known = known_days(connection)
        costs = _costs(connection, first, frozenset(pools_by_rule(ruleset.rules, ())))
    found = []
    for (team, metric, model), used in sorted(units.items()):
        for (owner, of_model, currency), cost in sorted(costs.of(metric).items()):
            if (owner, of_model) == (team, model) and (days := _days(cost, used, known)):
                words = _COSTS_OF.get(metric, _ALL)
                found.append(UnitSeries(team, metric, per_units(metric), currency, words, days, model))
    return found


def _units(connection: Connection, first: date) -> dict[_Key, _Told]:
    """Return what each team used by team, metric and model; "" is the model of all together."""
    table = usage_rollup.c
    metric = case((table.metric.like("tokens.%"), TOKENS), else_=table.metric)
    kept = (table.day >= first) & table.team.not_in([UNATTRIBUTED, IDLE]) & (table.metric != REVENUE)
    kept &= table.metric.not_like("gpu.%") | (table.metric == HOURS)
    keys = (table.team, metric, table.model, table.source, table.day)
    found: dict[_Key, _Told] = {}
    for row in connection.execute(select(*keys, *money_sums(usage_rollup, "quantity")).where(kept).group_by(*keys)):
        team, counted, model, source, day = row[:5]
        for name in {"", model} if counted in PER_THOUSAND else {""}:
            found.setdefault((team, counted, name), _Told()).add(day, joined(row[5], row[6]), source)
    return found


def _costs(connection: Connection, first: date, pools: frozenset[str]) -> _Costs:
    table = rollup.c
    keys = (table.team, table.model, table.currency, table.rule, table.source, table.day)
    kept = (table.day >= first) & table.team.not_in([UNATTRIBUTED, IDLE]) & table.category.not_in(NOT_USAGE) & IS_OWN
    costs = _Costs()
    for row in connection.execute(select(*keys, *cost_sums("effective")).where(kept).group_by(*keys)):
        team, model, currency, rule, source, day = row[:6]
        places = [(costs.whole, "")]
        places += [(costs.of_models, name) for name in ("", model) if model]
        places += [(costs.of_pools, "")] if rule in pools else []
        for place, name in places:
            place.setdefault((team, name, currency), _Told()).add(day, amounts(row, 6)[0], source)
    return costs


def _days(cost: _Told, used: _Told, known: KnownDays) -> tuple[UnitDay, ...]:
    """Return the days on which both are known in full; a day without cost is 0, one without units none."""
    last = min(known.complete_through(cost.sources, max(cost.days)), _used_until(used, known))
    first = max(min(cost.days), min(used.days))
    return tuple(
        UnitDay(day, total(cost.days.get(day, ())), total(of_day))
        for day, of_day in sorted(used.days.items())
        if first <= day <= last and not any(known.has_gap(source, day) for source in (*cost.sources, *used.sources))
    )


def _used_until(used: _Told, known: KnownDays) -> date:
    """Return the last day of which usage is told in full; a source that has stalled is not waited for."""
    ends = [known.last[source] for source in used.sources if source in known.last]
    newest = max(ends, default=max(used.days))
    return min((end for end in ends if newest - end <= STALLED_AFTER), default=newest) - timedelta(days=1)
