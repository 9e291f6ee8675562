"""Which price claims which usage: prices of the configuration in their order, then lists in theirs."""

from collections.abc import Sequence

import duckdb

from attributor.config.price_lists import NO_LIST
from attributor.config.settings import Price
from attributor.estimating.listed_metrics import LISTED_METRICS, REQUESTS
from attributor.lake.sql import identifier
from rules.facts import usage_fact
from rules.match import condition
from rules.matchers import EVERYTHING, AllOf, Matcher, columns_of
from rules.sql import literal

CLAIMED = "claimed_usage"
TOKENS = "tokens."
_MODEL = frozenset({"model", "tags.model"})
_FACTS = {"model": "model", "provider": "provider", "tier": "service_tier", "size": "context_window"}


def claim_usage(connection: duckdb.DuckDBPyConnection, usage: str, prices: Sequence[Price]) -> None:
    """Create the table CLAIMED: the usage of each hour, pool and set of facts that a price claims.

    `price` is the place of the first that claims it; null where none does but one is for the same usage with another
    model or metric: `nearly` is the first of those. Usage of 0 is no row.
    """
    own, lists = _by_kind(prices)
    price = _first([*((number, _claim(prices[number])) for number in (*own, *lists))])
    nearly = _first([(number, _near_claim(prices[number])) for number in own if _is_of_tokens(prices[number])])
    facts = ", ".join(f"coalesce({usage_fact(name)}, '') AS {column}" for column, name in _FACTS.items())
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {CLAIMED} AS
        SELECT *, {facts} FROM (
            SELECT "x_Source" AS source, "x_Day" AS day, hour, metric, pool, facts, {price} AS price,
                   {nearly} AS nearly, CAST(sum(quantity) AS DECIMAL(38,12)) AS quantity, min("x_Origin") AS origin,
                   count(*) AS rows
            FROM {identifier(usage)} WHERE quantity > 0 AND {_interesting(prices)} GROUP BY ALL
        ) WHERE price IS NOT NULL OR nearly IS NOT NULL
        """
    )


def is_priced_by_list(price: Price) -> bool:
    """Say whether the list tells the price: what it does not hold has an unknown cost."""
    return price.listed is not None and price.listed.name != NO_LIST


def _by_kind(prices: Sequence[Price]) -> tuple[list[int], list[int]]:
    lists = [number for number, price in enumerate(prices) if is_priced_by_list(price)]
    return [number for number in range(len(prices)) if number not in lists], lists


def _first(claims: Sequence[tuple[int, str]]) -> str:
    whens = " ".join(f"WHEN {claim} THEN {number}" for number, claim in claims)
    return f"CAST({f'CASE {whens} END' if whens else 'NULL'} AS INTEGER)"


def _claim(price: Price) -> str:
    return " AND ".join([_of_metric(price), *_dates(price), _matched(price.match)])


def _near_claim(price: Price) -> str:
    return " AND ".join([_tokens(), *_dates(price), _matched(without_model(price.match))])


def _of_metric(price: Price) -> str:
    if price.listed is None:
        return f"metric = {literal(price.metric)}"
    known = ", ".join(map(literal, (*LISTED_METRICS, REQUESTS)))
    return f"(metric IN ({known}) OR {_tokens()})"


def _is_of_tokens(price: Price) -> bool:
    return price.listed is None and price.metric.startswith(TOKENS)


def _interesting(prices: Sequence[Price]) -> str:
    return f"({' OR '.join(dict.fromkeys([*map(_of_metric, prices), *_nearly_interesting(prices)])) or 'FALSE'})"


def _nearly_interesting(prices: Sequence[Price]) -> list[str]:
    return [_tokens()] if any(_is_of_tokens(price) for price in prices) else []


def _tokens() -> str:
    return f"starts_with(metric, {literal(TOKENS)})"


def _dates(price: Price) -> list[str]:
    start = [f"\"x_Day\" >= DATE '{price.start}'"] if price.start else []
    return start + ([f"\"x_Day\" < DATE '{price.end}'"] if price.end else [])


def _matched(match: Matcher) -> str:
    return condition(match, {name: usage_fact(name) for name in columns_of(match)})


def without_model(match: Matcher) -> Matcher:
    """Return what a matcher asks beside the model; a part that mixes it with others stays as it is."""
    if isinstance(match, AllOf):
        return AllOf(tuple(part for part in match.parts if not _is_of_model(part)))
    return EVERYTHING if _is_of_model(match) else match


def _is_of_model(match: Matcher) -> bool:
    return bool(columns_of(match)) and columns_of(match) <= _MODEL
