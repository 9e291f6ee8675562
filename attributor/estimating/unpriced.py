"""Usage whose cost is unknown: what should have a price and has none, by who used it."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

import duckdb

from attributor.config.settings import Price
from attributor.estimating.due import target_of
from attributor.estimating.pricing import UNPRICED
from attributor.ledger.estimates import Key
from attributor.ledger.unpriced import UnpricedUsage
from attributor.money import total
from rules.ruleset import RuleSet
from rules.usage import resolve_usage

_ROWS = "unpriced_usage_rows"
_LONGEST = 300
_Named = tuple[str, date, str, str, str, str, str]


def unpriced_usage(
    connection: duckdb.DuckDBPyConnection, prices: Sequence[Price], ruleset: RuleSet, keys: Collection[Key]
) -> tuple[UnpricedUsage, ...]:
    """Return what UNPRICED holds of the given days, by the source of the bill that its price would stand for.

    The team is the one that the usage names or that the rules give it.
    """
    [(count,)] = connection.execute(f"SELECT count(*) FROM {UNPRICED}").fetchall()
    if not count:
        return ()
    connection.execute(f'CREATE OR REPLACE TEMP VIEW {_ROWS} AS SELECT *, source AS "x_Source" FROM {UNPRICED}')
    resolved = resolve_usage(connection, _ROWS, ruleset, (), ("claimed", "provider", "model", "reason"))
    rows = connection.execute(
        'SELECT claimed, "x_Source", "x_Day", provider, model, metric, team, min(reason),'
        f" CAST(sum(quantity) AS DECIMAL(38,12)) FROM {resolved} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    sums: dict[_Named, tuple[str, list[Decimal]]] = {}
    for claimed, source, day, provider, model, metric, team, reason, quantity in rows:
        price = prices[claimed]
        if (target_of(price), day) in keys:
            named = (_provider(price, source, provider), _stored(model), metric, team)
            _, quantities = sums.setdefault((target_of(price), day, source, *named), (reason, []))
            quantities.append(quantity)
    return tuple(UnpricedUsage(*key, reason, total(quantities)) for key, (reason, quantities) in sorted(sums.items()))


def _provider(price: Price, source: str, provider: str) -> str:
    of = price.listed
    told = provider or ("" if of is None else of.provider or of.by_source.get(source, ""))
    return _stored(told)


def _stored(text: str) -> str:
    """Return a text as both databases keep it."""
    return text.replace("\0", "\ufffd")[:_LONGEST]
