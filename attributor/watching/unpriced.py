"""Models whose usage has no price, as their detector wants them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine

from alerts.detect.unpriced import UnpricedModel
from attributor.ledger.statements import closed_months
from attributor.ledger.unpriced import UnpricedUsage, unpriced_between
from attributor.money import total
from attributor.periods import month_of


def unpriced_facts(engine: Engine) -> tuple[UnpricedModel, ...]:
    """Return what each team used of each model without a price, on all days whose bill is not complete.

    In a closed month no price makes an estimate any more: there it is told no longer.
    """
    closed = closed_months(engine)
    with engine.connect() as connection:
        found = unpriced_between(connection, date.min, date.max)
    by_model: dict[tuple[str, str, str], list[UnpricedUsage]] = {}
    for each in (each for each in found if month_of(each.day) not in closed):
        by_model.setdefault((each.team, each.provider, each.model), []).append(each)
    return tuple(_model(*key, rows) for key, rows in sorted(by_model.items()))


def _model(team: str, provider: str, model: str, rows: list[UnpricedUsage]) -> UnpricedModel:
    return UnpricedModel(
        team=team,
        provider=provider,
        model=model,
        sources=tuple(sorted({row.usage_source for row in rows})),
        bills=tuple(sorted({row.source for row in rows if row.source})),
        first=min(row.day for row in rows),
        last=max(row.day for row in rows),
        quantities=tuple(sorted(_sums(rows).items())),
        reasons=tuple(sorted({row.reason for row in rows})),
    )


def _sums(rows: Iterable[UnpricedUsage]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.metric] = total((sums.get(row.metric, Decimal(0)), row.quantity))
    return sums
