"""Activity-based: each owner's claim is rate times count; what the claims leave of the pool is idle capacity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from rules.hours import bucket_of, first_hour, shown_hours
from rules.keys import SplitKey, Weighed
from rules.measures import Measure, UsageSource, sums_by_team
from rules.methods.proportional import Window
from rules.outcomes import Activity, Rate
from rules.weights import Part, Weights, integer_weights

REST_CAUSE = "rest"
_MOST_TOLD = 3
"""How many buckets of a day with excessive claims are told one by one; an explanation shows each."""


@dataclass(frozen=True)
class PoolCost:
    """What charges of a pool that are not at hand cost in a window, in 1e-12 units of effective cost."""

    window: Window
    currency: str
    effective: int


@dataclass(frozen=True)
class _Pool:
    """Charges of a pool whose windows overlap: the union of them, those at hand, and what all of them cost."""

    currency: str
    window: Window
    keys: tuple[SplitKey, ...]
    effective: int


def weigh_activity(
    source: UsageSource, activity: Activity, keys: Sequence[SplitKey], others: Sequence[PoolCost] = ()
) -> Weighed:
    """Return the weights of the charges of one pool; `others` are charges of it on days that are not at hand.

    Charges whose windows overlap share one set of claims, so that nothing is claimed twice. Claims above the pool are
    scaled to it and reported; a pool whose effective cost is 0 or less goes wholly to `rest`.
    """
    weights: dict[int, Weights] = {}
    warnings: list[str] = []
    excesses: list[str] = []
    currencies = sorted({key.currency for key in keys} | {other.currency for other in others})
    if len(currencies) > 1:
        warnings.append(f"{_named(activity)} is billed in {', '.join(currencies)}: the rates are taken in each alike")
    for pool in _pools(keys, others):
        claims, without_rate = _claims(source, activity, pool.window)
        excess, beyond = _over_absorption(activity, claims, pool), _beyond_its_day(activity, pool)
        warnings += [*without_rate, *([beyond] if beyond else [])]
        excesses += [excess] if excess else []
        note = "; ".join(text for text in (excess, beyond) if text)
        one = Weights(_parts(activity, claims, Fraction(pool.effective)), pool.window, note=note)
        weights |= {key.number: one for key in pool.keys}
    more = len(excesses) - _MOST_TOLD
    warnings += excesses[:_MOST_TOLD] if more <= 0 else [*excesses[:_MOST_TOLD], f"and in {more} more buckets so"]
    return Weighed(weights, tuple(warnings))


def _over_absorption(activity: Activity, claims: Mapping[str, Fraction], pool: _Pool) -> str:
    """Return what people should know where the rates claim more than the pool costs; "" where they do not."""
    total = sum(claims.values(), Fraction(0))
    if pool.effective <= 0 or total <= pool.effective:
        return ""
    claimed, available = (_money(amount) for amount in (total, Fraction(pool.effective)))
    percent = round(100 * total / pool.effective)
    where = f"{pool.currency}, {shown_hours(pool.window)}"
    return f"the rates claim {claimed} of {available}, {percent} % of {_named(activity)} ({where}): scaled to it"


def _beyond_its_day(activity: Activity, pool: _Pool) -> str:
    """Return what people should know where claims of days after are held against a pool too; "" where none are.

    A charge is weighed by its whole period, and days are attributed alone: what is claimed of its later days is held
    against the charges that begin on those as well.
    """
    last = max(pool.keys, key=lambda key: _window(key)[1])
    if activity.per == "month" or _window(last)[1] <= bucket_of(last.day, "day")[1]:
        return ""
    where = f"{pool.currency}, {shown_hours(_window(last))}"
    return (
        f"a charge of {_named(activity)} lasts beyond the day on which it begins ({where}): charges that begin on the"
        " days after are held against the same claims; write `per: month`, which counts each claim once"
    )


def _claims(source: UsageSource, activity: Activity, window: Window) -> tuple[dict[str, Fraction], tuple[str, ...]]:
    """Return each owner's claim in 1e-12 units of money, and warnings of counts on days without a rate."""
    rated = _rated(activity, window)
    claims: dict[str, Fraction] = {}
    counted: dict[str, int] = {}
    for (rate, _), counts in zip(rated, sums_by_team(source, [measure for _, measure in rated]), strict=True):
        counted[rate.metric] = counted.get(rate.metric, 0) + sum(counts.values())
        for team, units in counts.items():
            claims[team] = claims.get(team, Fraction(0)) + Fraction(rate.money) * units
    dated = _dated(activity, window)
    whole = zip(dated, sums_by_team(source, dated), strict=True)
    left = {measure.metric: sum(of.values()) - counted.get(measure.metric, 0) for measure, of in whole}
    where = f"in {_named(activity)} ({shown_hours(window)})"
    return claims, tuple(
        f"{_money(Fraction(units))} of `{metric}` {where} claim nothing: no rate holds for them"
        for metric, units in left.items()
        if units
    )


def activity_measures(activity: Activity, keys: Sequence[SplitKey], others: Sequence[PoolCost] = ()) -> list[Measure]:
    """Return all that `weigh_activity` sums."""
    found: list[Measure] = []
    for pool in _pools(keys, others):
        found += [*(measure for _, measure in _rated(activity, pool.window)), *_dated(activity, pool.window)]
    return found


def _rated(activity: Activity, window: Window) -> list[tuple[Rate, Measure]]:
    """Return what each rate counts in a window: the hours on which it holds."""
    spans = ((rate, *_within(rate, window)) for rate in activity.rates)
    return [(rate, Measure(rate.metric, activity.pool, start, end)) for rate, start, end in spans if start < end]


def _dated(activity: Activity, window: Window) -> list[Measure]:
    """Return the whole window of every metric that has a rate only on some days."""
    metrics = sorted({rate.metric for rate in activity.rates if rate.start or rate.end})
    return [Measure(metric, activity.pool, *window) for metric in metrics]


def _within(rate: Rate, window: Window) -> Window:
    """Return the hours of a window on which a rate holds; none where the end is not after the start."""
    start = window[0] if rate.start is None else max(window[0], first_hour(rate.start))
    return start, window[1] if rate.end is None else min(window[1], first_hour(rate.end))


def _parts(activity: Activity, claims: Mapping[str, Fraction], pool: Fraction) -> tuple[Part, ...]:
    total = sum(claims.values(), Fraction(0))
    if pool <= 0:
        return (Part(activity.rest, 1, REST_CAUSE),)
    claimed = [(team, "", claim) for team, claim in claims.items()]
    rest = max(pool - total, Fraction(0))
    return integer_weights([*claimed, (activity.rest, REST_CAUSE, rest)])


def _pools(keys: Sequence[SplitKey], others: Sequence[PoolCost]) -> list[_Pool]:
    """Return the pools that have charges at hand, by currency and time."""
    found: list[_Pool] = []
    for currency in sorted({key.currency for key in keys}):
        alike: list[SplitKey | PoolCost] = [key for key in keys if key.currency == currency]
        alike += [other for other in others if other.currency == currency]
        for window, members in _overlapping(alike):
            at_hand = tuple(one for one in members if isinstance(one, SplitKey))
            if at_hand:
                found.append(_Pool(currency, window, at_hand, sum(one.effective for one in members)))
    return found


def _overlapping(costs: Iterable[SplitKey | PoolCost]) -> list[tuple[Window, list[SplitKey | PoolCost]]]:
    """Return the costs by the union of windows that overlap one another."""
    groups: list[tuple[Window, list[SplitKey | PoolCost]]] = []
    for one in sorted(costs, key=_window):
        start, end = _window(one)
        if groups and start < groups[-1][0][1]:
            (first, last), members = groups[-1]
            groups[-1] = ((first, max(last, end)), [*members, one])
        else:
            groups.append(((start, end), [one]))
    return groups


def _window(one: SplitKey | PoolCost) -> Window:
    if one.window is None:
        raise ValueError(f"a split of an activity has no window: {one}")
    return one.window


def _named(activity: Activity) -> str:
    return f"pool `{activity.pool}`" if activity.pool else "the pool"


def _money(units: Fraction) -> str:
    """Return 1e-12 units as a number to read, to hundredths."""
    return f"{Decimal(round(units / 10**10)).scaleb(-2):,}"
