"""Estimates brought up to date: after usage and bills are collected, before days are attributed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from attributor.config.settings import Price
from attributor.estimating.derive import Batch, Pricing, derive
from attributor.estimating.due import Work, work_to_do
from attributor.estimating.lookups import what_is_known
from attributor.estimating.opened_list import opened_list
from attributor.ingest.ingest import Stores
from attributor.ingest.progress import Progress
from attributor.ledger.estimates import estimated_days, record_estimates
from attributor.periods import Month, month_of
from rules.ruleset import RuleSet


@dataclass(frozen=True)
class Estimated:
    """What estimating did: the UTC days whose estimated charges changed, and what the user should know."""

    days: tuple[date, ...] = ()
    warnings: tuple[str, ...] = ()


def estimate(
    stores: Stores,
    prices: tuple[Price, ...],
    ruleset: RuleSet,
    closed: Collection[Month],
    now: datetime,
    progress: Progress,
) -> Estimated:
    """Derive every day whose usage, prices, bill or completeness changed; the months of `closed` keep their estimates.

    `ruleset` says whose the usage of unknown cost is.

    Raises LeaseLostError where another leader took over: what was recorded before stands.
    """
    recorded = estimated_days(stores.engine)
    if not prices and not recorded:
        return Estimated()
    known = what_is_known(stores.engine, prices, recorded)
    remembering = replace(stores, lake=replace(stores.lake, known={}))
    changed: set[date] = set()
    warnings: list[str] = []
    work = work_to_do(prices, known, closed)
    opened = opened_list(prices) if work.due else None
    for batch in _batches(Pricing(prices, ruleset, opened), work):
        estimation, said = derive(remembering, known, batch, now)
        record_estimates(stores.engine, stores.lease, estimation, now)
        changed |= {day.day for days in estimation.stored.values() for day in days}
        warnings += said
        progress.advance(len(batch.due))
    return Estimated(tuple(sorted(changed)), tuple(warnings))


def _batches(pricing: Pricing, work: Work) -> Iterator[Batch]:
    """Yield what is to do month by month: a month's usage is priced in one pass."""
    months = sorted({month_of(day) for _, day in (*(due.key for due in work.due), *work.removed)})
    for month in months:
        due = tuple(due for due in work.due if month_of(due.day.day) == month)
        yield Batch(pricing, due, tuple(key for key in work.removed if month_of(key[1]) == month))
