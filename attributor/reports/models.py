"""The models report: tokens and cost by model, team, key, feature and tier, and what a token came to cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from sqlalchemy import Connection, Engine

from attributor.ledger.tables import rollup, usage_by_fact, usage_rollup
from attributor.money import from_units, to_units
from attributor.reports.grouping import Grouping, grouping
from attributor.reports.lines import Moved, moved_by, ratio, summed
from attributor.reports.model_usage import ModelDays, ModelRates, SaidUse, TokenUse, model_rates, said_use, token_use
from attributor.reports.narrowing import kept_usage
from attributor.reports.owners import shown_name
from attributor.reports.view import Heading, View, frame
from rules.ruleset import Team

_EXACT = Context(prec=60)
_MILLION, _THOUSAND = Decimal(1_000_000), Decimal(1_000)
_NOTHING = Moved(Decimal(0), Decimal(0), Decimal(0))
_NO_USE = TokenUse(None, None, None, None, None)
_NO_DAYS = ModelDays(Decimal(0), Decimal(0), Decimal(0))
_NO_RATES = ModelRates(_NO_DAYS, _NO_DAYS, _NO_DAYS)


@dataclass(frozen=True)
class ModelUse:
    """One model: its cost with its change, and what was used of it; quantities are None where no usage is known.

    `cache_share` is what of the tokens read came from a cache. `cost_per_million` (tokens of any kind) and
    `cost_per_thousand_requests`, to six decimals, are of usage alone and of the days that every source has told of.
    `price_change` is how much the cost of a token moved against the previous period, as a fraction, over the days that
    are compared; None where one has no cost or tokens.
    """

    model: str
    cost: Decimal
    previous: Decimal
    change: Decimal
    use: TokenUse
    tokens: Decimal | None
    cache_share: Decimal | None
    cost_per_million: Decimal | None
    cost_per_thousand_requests: Decimal | None
    price_change: Decimal | None


@dataclass(frozen=True)
class ModelTeam:
    """What one team used of one model, and what it cost."""

    team: str
    name: str
    model: str
    cost: Decimal
    previous: Decimal
    change: Decimal
    tokens: Decimal | None
    requests: Decimal | None


@dataclass(frozen=True)
class ModelsReport:
    """Language models in a period, in one currency and basis, the most expensive first.

    `cost` is what is charged for a named model; `models` sum to it, and so do `teams`. `keys`, `features` and `tiers`
    tell the tokens and requests that say one, the most used first. What was used is not known of a view that is kept to
    anything but teams and models; `tokens` and `requests` are None then. `grouping` sums to `cost`; None where the view
    names no group.
    """

    heading: Heading
    cost: Decimal
    previous: Decimal
    change: Decimal
    tokens: Decimal | None
    requests: Decimal | None
    cache_share: Decimal | None
    models: tuple[ModelUse, ...]
    teams: tuple[ModelTeam, ...]
    keys: tuple[SaidUse, ...]
    features: tuple[SaidUse, ...]
    tiers: tuple[SaidUse, ...]
    grouping: Grouping | None


def models_report(engine: Engine, teams: Mapping[str, Team], view: View) -> ModelsReport:
    """Read the models report; seven aggregates, nine where the view names a group."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        kept = kept_usage(usage_rollup, view.filters)
        use = {} if kept is None else token_use(connection, view.period, kept)
        named = rollup.c.model != ""
        costs = moved_by(connection, seen, (rollup.c.team, rollup.c.model), named)
        by_model = _by_model(costs)
        rates = model_rates(connection, seen)
        said = _said(connection, view)
        whole = summed([moved for _, moved in costs])
        everything = TokenUse.of(use.values())
        return ModelsReport(
            heading=seen.heading,
            cost=whole.cost,
            previous=whole.previous,
            change=whole.change,
            tokens=None if kept is None else everything.tokens or Decimal(0),
            requests=None if kept is None else everything.requests or Decimal(0),
            cache_share=everything.cache_share,
            models=_models(by_model, use, rates),
            teams=_teams(teams, dict(costs), use),
            keys=said.get("key", ()),
            features=said.get("feature", ()),
            tiers=said.get("tier", ()),
            grouping=grouping(connection, seen, named),
        )


def _said(connection: Connection, view: View) -> dict[str, tuple[SaidUse, ...]]:
    kept = kept_usage(usage_by_fact, view.filters)
    return {} if kept is None else said_use(connection, view.period, kept)


def _by_model(costs: Sequence[tuple[tuple[str, ...], Moved]]) -> dict[str, Moved]:
    found: dict[str, list[Moved]] = {}
    for (_, model), moved in costs:
        found.setdefault(model, []).append(moved)
    return {model: summed(moved) for model, moved in found.items()}


def _models(
    costs: Mapping[str, Moved], use: Mapping[tuple[str, str], TokenUse], rates: Mapping[str, ModelRates]
) -> tuple[ModelUse, ...]:
    used: dict[str, list[TokenUse]] = {}
    for (_, model), found in use.items():
        used.setdefault(model, []).append(found)
    lines = [
        _model(model, costs.get(model, _NOTHING), used.get(model, ()), rates.get(model, _NO_RATES))
        for model in {*costs, *used}
    ]
    return tuple(
        sorted(lines, key=lambda line: (line.cost.copy_negate(), (line.tokens or Decimal(0)).copy_negate(), line.model))
    )


def _model(model: str, moved: Moved, used: Sequence[TokenUse], rates: ModelRates) -> ModelUse:
    use = TokenUse.of(used) if used else _NO_USE
    return ModelUse(
        model,
        *moved,
        use=use,
        tokens=use.tokens,
        cache_share=use.cache_share,
        cost_per_million=_per(rates.whole.cost, rates.whole.tokens, _MILLION),
        cost_per_thousand_requests=_per(rates.whole.cost, rates.whole.requests, _THOUSAND),
        price_change=_price_change(rates.compared, rates.previous),
    )


def _price_change(compared: ModelDays, previous: ModelDays) -> Decimal | None:
    now, before = (_per(days.cost, days.tokens, _MILLION) for days in (compared, previous))
    if not now or not before:
        return None
    return ratio(from_units(to_units(now) - to_units(before)), before)


def _teams(
    teams: Mapping[str, Team], costs: Mapping[tuple[str, ...], Moved], use: Mapping[tuple[str, str], TokenUse]
) -> tuple[ModelTeam, ...]:
    lines = []
    for team, model in {*costs, *use}:
        found = use.get((team, model), _NO_USE)
        moved = costs.get((team, model), _NOTHING)
        lines.append(ModelTeam(team, shown_name(teams, team), model, *moved, found.tokens, found.requests))
    return tuple(sorted(lines, key=lambda line: (line.cost.copy_negate(), line.team, line.model)))


def _per(cost: Decimal, quantity: Decimal | None, many: Decimal) -> Decimal | None:
    """Return the cost of so many of a quantity, to six decimals; None where there is none."""
    if not quantity:
        return None
    return _EXACT.divide(_EXACT.multiply(cost, many), quantity).quantize(Decimal("0.000001"), context=_EXACT)
