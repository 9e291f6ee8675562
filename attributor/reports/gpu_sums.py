"""GPU hours and what the rules split by them, added up by pool and team."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger.tables import rollup, usage_rollup
from attributor.money import from_units, to_units
from attributor.periods import Period
from attributor.reports.costs import IS_OWN, amounts, cost_sums, on_days
from attributor.reports.gpu_lines import IdleCause
from attributor.reports.gpu_pools import pools_by_rule
from attributor.reports.gpu_usage import gpu_use
from attributor.reports.narrowing import kept_usage
from attributor.reports.view import Frame
from rules.ruleset import Rule

_EXACT = Context(prec=60)
_Place = tuple[str | None, str | None]
_Units = dict[_Place, dict[str, int]]


@dataclass(frozen=True)
class GpuSums:
    """Hours by metric and costs by idle cause ("" is what computed), in units of 1e-12.

    Both are by (pool, team), by (pool, None) and, all together, by (None, None). `rules` are those whose cost it is.
    """

    used: Mapping[_Place, Mapping[str, int]]
    costs: Mapping[_Place, Mapping[str, int]]
    rules: tuple[str, ...]

    @property
    def is_theirs(self) -> ColumnElement[bool]:
        """The condition that a rollup row is of the costs."""
        return rollup.c.rule.in_(self.rules) & IS_OWN

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that hours are told of."""
        return tuple(sorted(pool for pool, team in self.used if pool is not None and team is None))

    @property
    def holders(self) -> tuple[tuple[str, str], ...]:
        """Every (pool, team) that held something or bears some of the cost."""
        return tuple(sorted((pool, team) for pool, team in {*self.used, *self.costs} if pool is not None and team))

    def hours(self, metric: str, pool: str | None = None, team: str | None = None) -> Decimal | None:
        """Return the hours, None where they are not told."""
        units = self.used.get((pool, team), {}).get(metric)
        return None if units is None else from_units(units)

    def cost(self, pool: str | None = None, team: str | None = None) -> Decimal | None:
        """Return the cost, None where no rule splits it."""
        found = self.costs.get((pool, team))
        return None if found is None else from_units(sum(found.values()))

    def idle(self, pool: str | None = None, team: str | None = None) -> tuple[IdleCause, ...]:
        """Return the cost of what was not used, by cause, the largest first."""
        found = self.costs.get((pool, team), {})
        causes = [IdleCause(cause, from_units(units)) for cause, units in found.items() if cause]
        return tuple(sorted(causes, key=lambda each: (each.cost.copy_negate(), each.cause)))

    def per_hour(self, metric: str, pool: str | None = None, team: str | None = None) -> Decimal | None:
        """Return the cost of an hour, to six decimals; None where there is no cost or no hour."""
        cost, hours = self.cost(pool, team), self.hours(metric, pool, team)
        if cost is None or not hours:
            return None
        return _EXACT.divide(cost, hours).quantize(Decimal("0.000001"), context=_EXACT)


def gpu_sums(connection: Connection, seen: Frame, rules: Sequence[Rule], period: Period) -> GpuSums:
    """Read a period; two aggregates."""
    used: _Units = {}
    kept = kept_usage(usage_rollup, seen.view.filters)
    use = {} if kept is None else gpu_use(connection, period, kept)
    for (pool, team), metrics in use.items():
        for metric, hours in metrics.items():
            _add(used, (pool, team), metric, to_units(hours))
    pools = pools_by_rule(rules, {pool for pool, _ in used if pool is not None})
    costs: _Units = {}
    for pool, team, cause, units in _costs(connection, seen, pools, period):
        _add(costs, (pool, team), cause, units)
    return GpuSums(used, costs, tuple(pools))


def _costs(
    connection: Connection, seen: Frame, pools: Mapping[str, str], period: Period
) -> Iterator[tuple[str, str, str, int]]:
    keys = (rollup.c.rule, rollup.c.team, rollup.c.idle_cause)
    kept = seen.rows(rollup.c.rule.in_(list(pools)) & IS_OWN)
    query = select(*keys, *cost_sums(seen.view.basis)).where(on_days(period.first, period.end), kept)
    for row in connection.execute(query.group_by(*keys)):
        yield pools[row[0]], row[1], row[2], to_units(amounts(row, 3)[0])


def _add(into: _Units, place: tuple[str, str], name: str, units: int) -> None:
    pool, team = place
    for key in ((pool, team), (pool, None), (None, None)):
        found = into.setdefault(key, {})
        found[name] = found.get(name, 0) + units
