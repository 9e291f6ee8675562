"""What a GPU hour of a pool costs, for idle GPUs: as estimates price it, or as the rules split the pool's bill."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from alerts.detect.gpu_hours import GpuRate
from attributor.config.gpu_prices import GPU_HOURS
from attributor.config.settings import Price
from attributor.estimating.lookups import open_lookup, what_is_known
from attributor.estimating.pricing import PRICED, price_usage
from attributor.estimating.rates import PRICES
from attributor.lake.views import Pin, open_view
from attributor.money import from_units
from attributor.watching.gpus import gpu_rates
from attributor.watching.hourly import Read
from rules.ruleset import RuleSet

_USAGE = "gpu_hours_to_price"
_HISTORY = timedelta(days=7)


def idle_rates(
    engine: Engine, read: Read, ruleset: RuleSet, prices: Sequence[Price], now: datetime
) -> Mapping[str, GpuRate]:
    """Return what a GPU hour of each pool costs.

    First what a price with `prefer` says, in the order that it says: the same as its estimates. Then what the rules
    split of the bill by the pool's GPU hours, then a price without `prefer`. Pools of which none is known are absent.
    """
    by_price = _priced(engine, read, [price for price in prices if price.metric in GPU_HOURS], now)
    preferred = {pool: rate for pool, (rate, prefers) in by_price.items() if prefers}
    plain = {pool: rate for pool, (rate, prefers) in by_price.items() if not prefers}
    return {**plain, **gpu_rates(engine, ruleset, now), **preferred}


def _priced(engine: Engine, read: Read, prices: Sequence[Price], now: datetime) -> Mapping[str, tuple[GpuRate, bool]]:
    """Return each pool's mean price over the last seven days, and whether a price with `prefer` gave it."""
    first = (now - _HISTORY).date()
    pins = [Pin(source, day, found.version) for (source, day), found in read.inputs.usage.items() if day >= first]
    if not prices or not pins:
        return {}
    open_view(read.lake, read.connection, _USAGE, "usage", pins)
    known = what_is_known(engine, prices, {})
    lookup = open_lookup(read.lake, read.connection, known, prices, {pin.day for pin in pins})
    price_usage(read.connection, _USAGE, prices, lookup=lookup)
    rows = read.connection.execute(
        f"""
        SELECT coalesce(u.pool, ''), p.currency, u.price, sum(u.units), sum(u.quantity)
        FROM {PRICED} u JOIN {PRICES} p USING (number) GROUP BY ALL ORDER BY ALL
        """  # noqa: S608 - our own names
    ).fetchall()
    return _means([(pool, currency, bool(prices[number].prefer), *sums) for pool, currency, number, *sums in rows])


def _means(rows: Iterable[tuple[str, str, bool, int, Decimal]]) -> Mapping[str, tuple[GpuRate, bool]]:
    """Sum units and hours by pool; of several currencies the last by name, as where the bill has several."""
    sums: dict[tuple[str, str, bool], tuple[int, Decimal]] = {}
    for pool, currency, prefers, units, hours in rows:
        cost, used = sums.get((pool, currency, prefers), (0, Decimal(0)))
        sums[pool, currency, prefers] = (cost + int(units), used + hours)
    return {
        pool: (GpuRate((from_units(cost) / hours).quantize(Decimal("1e-6")), currency), prefers)
        for (pool, currency, prefers), (cost, hours) in sorted(sums.items(), key=lambda item: item[0][::-1])
    }
