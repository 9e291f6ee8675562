"""Activity-based: each owner's claim is rate times count; what the claims leave of the pool is idle capacity."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from rules.keys import SplitKey, Weighed
from rules.methods.proportional import UsageSource, Window
from rules.outcomes import Activity
from rules.usage import Measure, sums_by_team
from rules.weights import Part, Weights, integer_weights

REST_CAUSE = "rest"


def weigh_activity(source: UsageSource, activity: Activity, keys: Sequence[SplitKey]) -> Weighed:
    """Return the weights of the charges of one pool.

    Charges whose windows overlap share one set of claims, so that nothing is claimed twice. Claims above the pool are
    scaled to it and reported; a pool whose effective cost is 0 or less goes wholly to `rest`.
    """
    weights: dict[int, Weights] = {}
    warnings: list[str] = []
    currencies = sorted({key.currency for key in keys})
    if len(currencies) > 1:
        warnings.append(f"{_named(activity)} is billed in {', '.join(currencies)}: the rates are taken in each alike")
    for currency in currencies:
        for window, members in _overlapping([key for key in keys if key.currency == currency]):
            pool = Fraction(sum(key.effective for key in members))
            claims = _claims(source, activity, window)
            total = sum(claims.values(), Fraction(0))
            if pool > 0 and total > pool:
                warnings.append(f"the rates claim {_percent(total, pool)} of {_named(activity)}: scaled to it")
            one = Weights(_parts(activity, claims, pool), window)
            weights |= {key.number: one for key in members}
    return Weighed(weights, tuple(warnings))


def _claims(source: UsageSource, activity: Activity, window: Window) -> dict[str, Fraction]:
    """Return each owner's claim in 1e-12 units of money."""
    measures = [Measure(metric, activity.pool, *window) for metric, _ in activity.rates]
    claims: dict[str, Fraction] = {}
    for (_, rate), counts in zip(activity.rates, sums_by_team(source.connection, measures), strict=True):
        for team, units in counts.items():
            claims[team] = claims.get(team, Fraction(0)) + Fraction(rate) * units
    return claims


def _parts(activity: Activity, claims: Mapping[str, Fraction], pool: Fraction) -> tuple[Part, ...]:
    total = sum(claims.values(), Fraction(0))
    if pool <= 0:
        return (Part(activity.rest, 1, REST_CAUSE),)
    claimed = [(team, "", claim) for team, claim in claims.items()]
    rest = max(pool - total, Fraction(0))
    return integer_weights([*claimed, (activity.rest, REST_CAUSE, rest)])


def _overlapping(keys: Iterable[SplitKey]) -> list[tuple[Window, list[SplitKey]]]:
    """Return the keys by the union of windows that overlap one another."""
    groups: list[tuple[Window, list[SplitKey]]] = []
    for key in sorted(keys, key=_window):
        start, end = _window(key)
        if groups and start < groups[-1][0][1]:
            (first, last), members = groups[-1]
            groups[-1] = ((first, max(last, end)), [*members, key])
        else:
            groups.append(((start, end), [key]))
    return groups


def _window(key: SplitKey) -> Window:
    if key.window is None:
        raise ValueError(f"split {key.number} of an activity has no window")
    return key.window


def _named(activity: Activity) -> str:
    return f"pool `{activity.pool}`" if activity.pool else "the pool"


def _percent(total: Fraction, pool: Fraction) -> str:
    return f"{round(100 * total / pool)} %"
