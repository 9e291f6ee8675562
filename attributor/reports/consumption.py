"""What a team used, beside what it cost: tokens and requests by model, GPU hours by pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

from sqlalchemy import Connection, select

from attributor.ledger.money_columns import money_sums
from attributor.ledger.tables import usage_rollup
from attributor.money import total
from attributor.reports.costs import amounts
from attributor.reports.lines import CostLine, ratio
from attributor.reports.narrowing import kept_usage
from attributor.reports.view import Frame

_MODEL_METRICS = ("tokens.input", "tokens.cached_input", "tokens.output", "requests")
_MILLION = Decimal(1_000_000)
_EXACT = Context(prec=60)

Quantities = Mapping[tuple[str, str, str], Decimal]
"""Quantity by (metric, pool, model)."""


@dataclass(frozen=True)
class ModelLine:
    """One model: cost with its change, and what was used of it. Quantities are None where no usage is known.

    `cost_per_million` is cost per million tokens of any kind, to six decimals.
    """

    model: str
    cost: Decimal
    previous: Decimal
    change: Decimal
    input_tokens: Decimal | None
    cached_input_tokens: Decimal | None
    output_tokens: Decimal | None
    requests: Decimal | None
    cost_per_million: Decimal | None


@dataclass(frozen=True)
class PoolLine:
    """GPU hours that a team held in one pool, and how many of them computed."""

    pool: str
    held_hours: Decimal
    busy_hours: Decimal | None
    busy_share: Decimal | None


def quantities(connection: Connection, frame: Frame, team: str) -> Quantities:
    """Return a team's usage in a period; one query. Usage knows no service or account: what keeps to them has none."""
    kept = kept_usage(usage_rollup, frame.view.filters)
    if kept is None:
        return {}
    table = usage_rollup.c
    keys = (table.metric, table.pool, table.model)
    query = select(*keys, *money_sums(usage_rollup, "quantity"))
    of_period = (table.day >= frame.period.first) & (table.day < frame.period.end)
    rows = connection.execute(query.where(of_period, table.team == team, kept).group_by(*keys))
    return {(row[0], row[1], row[2]): amounts(row, 3)[0] for row in rows}


def model_lines(costs: tuple[CostLine, ...], used: Quantities) -> tuple[ModelLine, ...]:
    """Join costs by model with usage by model; models that were used but not charged come last."""
    lines = [_model_line(cost, used) for cost in costs if cost.name]
    charged = {line.model for line in lines}
    models = sorted({model for metric, _, model in used if model and metric in _MODEL_METRICS} - charged)
    nothing = Decimal(0)
    return (*lines, *(_model_line(CostLine(model, nothing, nothing, nothing), used) for model in models))


def pool_lines(used: Quantities) -> tuple[PoolLine, ...]:
    """Return GPU hours by pool, the most held first."""
    found = []
    for pool in {pool for metric, pool, _ in used if metric == "gpu.hours"}:
        held = _of(used, "gpu.hours", pool=pool) or Decimal(0)
        busy = _of(used, "gpu.busy_hours", pool=pool)
        found.append(PoolLine(pool, held, busy, None if busy is None else ratio(busy, held)))
    return tuple(sorted(found, key=lambda line: (line.held_hours.copy_negate(), line.pool)))


def _model_line(cost: CostLine, used: Quantities) -> ModelLine:
    read, cached, written, requests = (_of(used, metric, model=cost.name) for metric in _MODEL_METRICS)
    known = total(quantity for quantity in (read, cached, written) if quantity is not None)
    return ModelLine(
        model=cost.name,
        cost=cost.cost,
        previous=cost.previous,
        change=cost.change,
        input_tokens=read,
        cached_input_tokens=cached,
        output_tokens=written,
        requests=requests,
        cost_per_million=_per_million(cost.cost, known),
    )


def _per_million(cost: Decimal, tokens: Decimal) -> Decimal | None:
    if not tokens:
        return None
    return _EXACT.divide(_EXACT.multiply(cost, _MILLION), tokens).quantize(Decimal("0.000001"), context=_EXACT)


def _of(used: Quantities, metric: str, *, pool: str | None = None, model: str | None = None) -> Decimal | None:
    found = [
        quantity
        for (name, of_pool, of_model), quantity in used.items()
        if name == metric and pool in (None, of_pool) and model in (None, of_model)
    ]
    return total(found) if found else None
