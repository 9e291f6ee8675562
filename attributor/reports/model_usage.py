"""Tokens and requests as the ledger has them: by team and model, by what the usage says, and on days that are whole."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_by_fact, usage_rollup
from attributor.money import total
from attributor.periods import Period, days_between
from attributor.reports.categories import IS_USAGE
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.lines import ratio
from attributor.reports.narrowing import kept_usage
from attributor.reports.view import Frame

_INPUT, _CACHED, _WRITTEN, _REQUESTS = "tokens.input", "tokens.cached_input", "tokens.cache_write", "requests"
_SAID = ("key", "feature", "tier")
_NOTHING = Decimal(0)
_OF_CALLS = (usage_rollup.c.metric.like("tokens.%") | (usage_rollup.c.metric == _REQUESTS)) & (
    usage_rollup.c.model != ""
)


@dataclass(frozen=True)
class TokenUse:
    """Tokens by what they were, each counted once, and requests; None where no usage is known.

    `uncached` were read anew, `cached` from a cache, `cache_writes` written to one; `others` is everything else:
    output, reasoning, audio, images.
    """

    uncached: Decimal | None
    cached: Decimal | None
    cache_writes: Decimal | None
    others: Decimal | None
    requests: Decimal | None

    @property
    def tokens(self) -> Decimal | None:
        """All tokens."""
        known = [each for each in (self.uncached, self.cached, self.cache_writes, self.others) if each is not None]
        return total(known) if known else None

    @property
    def cache_share(self) -> Decimal | None:
        """What of the tokens read came from a cache; None where none were read."""
        read = total(each or _NOTHING for each in (self.uncached, self.cached, self.cache_writes))
        return ratio(self.cached or _NOTHING, read)

    @staticmethod
    def of(found: Iterable["TokenUse"]) -> "TokenUse":
        """Add up."""
        uses = tuple(found)
        return TokenUse(
            _added(use.uncached for use in uses),
            _added(use.cached for use in uses),
            _added(use.cache_writes for use in uses),
            _added(use.others for use in uses),
            _added(use.requests for use in uses),
        )

    @staticmethod
    def by_metric(metrics: Mapping[str, Decimal]) -> "TokenUse":
        """Sort metrics by what they count."""
        written = [metrics[name] for name in metrics if name.startswith(_WRITTEN)]
        apart = {_INPUT, _CACHED, _REQUESTS}
        others = [metrics[name] for name in metrics if name not in apart and not name.startswith(_WRITTEN)]
        return TokenUse(
            metrics.get(_INPUT), metrics.get(_CACHED), _added(written), _added(others), metrics.get(_REQUESTS)
        )


@dataclass(frozen=True)
class SaidUse:
    """What usage with one key, feature or tier counted, of one team."""

    value: str
    team: str
    tokens: Decimal
    requests: Decimal
    cache_share: Decimal | None


@dataclass(frozen=True)
class ModelDays:
    """A model's usage cost, tokens and requests on some days."""

    cost: Decimal
    tokens: Decimal
    requests: Decimal


@dataclass(frozen=True)
class ModelRates:
    """What prices are told of: the days that every source has told of, and those that both periods are compared on."""

    whole: ModelDays
    compared: ModelDays
    previous: ModelDays


def token_use(connection: Connection, period: Period, kept: ColumnElement[bool]) -> dict[tuple[str, str], TokenUse]:
    """Return what was used by (team, model) of the kept rows; one query. Requests of no model are no calls of one."""
    table = usage_rollup.c
    keys = (table.team, table.model, table.metric)
    of_period = (table.day >= period.first) & (table.day < period.end)
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(of_period, _OF_CALLS, kept)
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    for team, model, metric, millionths, rest in connection.execute(query.group_by(*keys)):
        found.setdefault((team, model), {})[metric] = joined(millionths, rest)
    return {key: TokenUse.by_metric(metrics) for key, metrics in found.items()}


def said_use(connection: Connection, period: Period, kept: ColumnElement[bool]) -> dict[str, tuple[SaidUse, ...]]:
    """Return what was used by key, feature and tier of the kept rows, the most tokens first; one query."""
    table = usage_by_fact.c
    keys = (table.fact, table.value, table.team, table.metric)
    query = select(*keys, *money_sums(usage_by_fact, "quantity")).where(
        table.day >= period.first, table.day < period.end, table.fact.in_(_SAID), kept
    )
    found: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    for fact, value, team, metric, millionths, rest in connection.execute(query.group_by(*keys)):
        found.setdefault((fact, value, team), {})[metric] = joined(millionths, rest)
    lines: dict[str, list[SaidUse]] = {}
    for (fact, value, team), metrics in found.items():
        use = TokenUse.by_metric(metrics)
        line = SaidUse(value, team, use.tokens or _NOTHING, use.requests or _NOTHING, use.cache_share)
        lines.setdefault(fact, []).append(line)
    return {
        fact: tuple(sorted(each, key=lambda line: (line.tokens.copy_negate(), line.value, line.team)))
        for fact, each in lines.items()
    }


def model_rates(connection: Connection, seen: Frame) -> dict[str, ModelRates]:
    """Return each model's cost and usage on the days that prices are told of; two queries.

    A bill is a day behind the usage: over all days together a token would seem to cost less than it does.
    """
    costs, used = _daily_costs(connection, seen), _daily_use(connection, seen)
    whole = seen.whole_days
    spans = (set(days_between(whole.first, whole.end)), set(seen.compared.days), set(seen.previous.days))
    return {
        model: ModelRates(*(_on_days(days, costs[model], used.get(model, {})) for days in spans)) for model in costs
    }


def _on_days(days: Collection[date], costs: Mapping[date, Decimal], used: Mapping[date, TokenUse]) -> ModelDays:
    found = TokenUse.of(use for day, use in used.items() if day in days)
    cost = total(cost for day, cost in costs.items() if day in days)
    return ModelDays(cost, found.tokens or _NOTHING, found.requests or _NOTHING)


def _daily_costs(connection: Connection, seen: Frame) -> dict[str, dict[date, Decimal]]:
    keys = (rollup.c.model, rollup.c.day)
    kept = seen.rows((rollup.c.model != "") & IS_USAGE)
    query = select(*keys, *cost_sums(seen.view.basis)).where(seen.both_periods, kept).group_by(*keys)
    found: dict[str, dict[date, Decimal]] = {}
    for row in connection.execute(query):
        found.setdefault(row[0], {})[row[1]] = amounts(row, 2)[0]
    return found


def _daily_use(connection: Connection, seen: Frame) -> dict[str, dict[date, TokenUse]]:
    kept = kept_usage(usage_rollup, seen.view.filters)
    if kept is None:
        return {}
    table = usage_rollup.c
    keys = (table.model, table.day, table.metric)
    of_both = (table.day >= seen.before.first) & (table.day < seen.period.end)
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(of_both, _OF_CALLS, kept)
    found: dict[tuple[str, date], dict[str, Decimal]] = {}
    for model, day, metric, millionths, rest in connection.execute(query.group_by(*keys)):
        found.setdefault((model, day), {})[metric] = joined(millionths, rest)
    days: dict[str, dict[date, TokenUse]] = {}
    for (model, day), metrics in found.items():
        days.setdefault(model, {})[day] = TokenUse.by_metric(metrics)
    return days


def _added(found: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in found if amount is not None]
    return total(known) if known else None
