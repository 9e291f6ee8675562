"""What the list says of the usage that its prices claim: asked once for each model, metric, tier, size and day."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from attributor.config.settings import Price, PriceList
from attributor.estimating.claims import CLAIMED, is_priced_by_list
from attributor.estimating.listed_metrics import LISTED_METRICS, REQUESTS
from attributor.estimating.price_list import GenaiPrices, ListedRate, NoRate, Sought
from attributor.estimating.rates import Rate
from rules.rows import load_rows
from rules.sql import literal

LISTED = "listed_prices"
KEYS = ("price", "source", "provider", "model", "metric", "tier", "size", "moment")
_SCHEMA = pa.schema(
    [
        ("price", pa.int32()),
        *((name, pa.string()) for name in KEYS[1:-1]),
        ("moment", pa.int64()),
        ("number", pa.int32()),
        ("reason", pa.string()),
    ]
)
_DAY_OF_HOUR = "epoch_us(hour) // 86400000000 * 86400"
_Key = tuple[int, str, str, str, str, str, str, int]


def load_listed(
    connection: duckdb.DuckDBPyConnection,
    prices: Sequence[Price],
    opened: GenaiPrices | None,
    rates: list[Rate],
) -> None:
    """Create the table LISTED, by KEYS: `number` of a rate, which is appended to `rates`, or null and the `reason`.

    CLAIMED gains the column `moment`, in seconds: the start of the hour where prices change within the day, else the
    day's own.
    """
    listed = [number for number, price in enumerate(prices) if is_priced_by_list(price)]
    if not listed or opened is None:
        connection.execute(f"ALTER TABLE {CLAIMED} ADD COLUMN moment BIGINT")
        load_rows(connection, LISTED, _SCHEMA, ())
        return
    claimed = f"FROM {CLAIMED} WHERE price IN ({', '.join(map(str, listed))})"
    models = connection.execute(f"SELECT DISTINCT price, source, provider, model {claimed}").fetchall()
    hourly = [model for number, *who, model in models if _changes(opened, prices[number], (*who, model))]
    named = ", ".join(map(literal, sorted(set(hourly)))) or "NULL"
    moment = f"CASE WHEN model IN ({named}) THEN epoch_us(hour) // 1000000 ELSE {_DAY_OF_HOUR} END"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {CLAIMED} AS SELECT *, {moment} AS moment FROM {CLAIMED}")
    keys = connection.execute(f"SELECT DISTINCT {', '.join(KEYS)} {claimed} ORDER BY ALL").fetchall()
    load_rows(connection, LISTED, _SCHEMA, [_row(opened, prices, key, rates) for key in keys])


def _row(opened: GenaiPrices, prices: Sequence[Price], key: _Key, rates: list[Rate]) -> tuple[object, ...]:
    price, metric = prices[key[0]], key[4]
    found = _rate(opened, price, key)
    if isinstance(found, ListedRate):
        rates.append(Rate(price, metric, found))
        return (*key, len(rates) - 1, None)
    return (*key, None, None if metric == REQUESTS else found.reason)


def _rate(opened: GenaiPrices, price: Price, key: _Key) -> ListedRate | NoRate:
    _, source, provider, model, metric, tier, size, seconds = key
    if metric not in LISTED_METRICS and metric != REQUESTS:
        return NoRate(f"the list knows no {metric}")
    of = price.listed
    assert of is not None
    at = datetime.fromtimestamp(seconds, UTC)
    return opened.rate(Sought(_provider(of, source, provider), _model(of, model), metric, tier, size, at))


def _changes(opened: GenaiPrices, price: Price, usage: tuple[str, str, str]) -> bool:
    source, provider, model = usage
    of = price.listed
    assert of is not None
    return opened.changes_within_days(_provider(of, source, provider), _model(of, model))


def _provider(of: PriceList, source: str, provider: str) -> str:
    return of.provider or provider or of.by_source.get(source, "")


def _model(of: PriceList, model: str) -> str:
    names: Mapping[str, str] = of.models
    return names.get(model, model)
