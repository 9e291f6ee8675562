"""Unit costs that drift: what a request, a thousand tokens, a GPU hour or any outcome costs a team, and by model."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from alerts.alert import Findings
from alerts.amounts import cents, cents_of_estimate, total
from alerts.detect.daily import Days, Gate, episodes_of
from alerts.detect.medians import Floats, median
from alerts.detect.spend import days_told, gate_of
from alerts.detect.spend_series import SpendPolicy
from alerts.detect.unit_cost_alert import unit_cost_alert
from alerts.detect.unit_cost_series import EXACT, FINE, Drift, UnitDay, UnitSeries

_USUAL_DAYS = 28
_LEAST_DAYS = 7
_ENOUGH_UNITS = 0.5
"""On days with fewer units than this part of the usual, what does not depend on them makes each one dear."""


def unit_cost_drifts(
    series: Sequence[UnitSeries],
    spent: Mapping[tuple[str, str], float],
    policy: SpendPolicy | None = None,
    standing: Collection[str] = (),
) -> Findings:
    """Return an alert for each drift; key `unit_cost:<team>:<metric>:<model or *>:<first day>`.

    A unit's cost is judged as a day's spend is, times the usual number of units, so that money says what is worth
    telling; the excess is that of the units there were. `spent` is what each team spends in a day, by team and
    currency. What a team's models show is told of the team, where it shows there, too: with the models behind it.
    """
    limits = policy or SpendPolicy()
    found = [
        drift
        for each in series
        for drift in _drifts(each, gate_of(limits, spent.get((each.team, each.currency), 0.0)), limits, standing)
    ]
    of_teams = [drift for drift in found if not drift.series.model]
    alerts = [unit_cost_alert(drift, limits, series) for drift in found if not _is_told(drift, of_teams)]
    return Findings("unit_cost", tuple(alerts))


def _drifts(series: UnitSeries, gate: Gate, policy: SpendPolicy, standing: Collection[str]) -> Iterable[Drift]:
    known = _known(series)
    if len(known) < _LEAST_DAYS:
        return
    usual = median([float(day.units) for day in known[-_USUAL_DAYS:]])
    first = known[0].day
    amounts: Floats = np.full((known[-1].day - first).days + 1, np.nan)
    for day in known:
        amounts[(day.day - first).days] = float(day.cost) / float(day.units) * usual
    by_day = {day.day: day for day in known}
    for episode in episodes_of(
        Days(first, amounts, amounts.size, first), gate, policy, days_told(series.key, standing)
    ):
        found = [(by_day[episode.date_of(each)], each) for each in episode.days]
        excess = {
            day.day: cents(day.cost - cents_of_estimate(each.expected / usual * float(day.units)))
            for day, each in found
        }
        if float(total(excess.values())) >= gate.whole:
            last = episode.days[-1]
            yield Drift(series, episode, excess, *(_price(each, usual, series) for each in (last.expected, last.band)))


def _known(series: UnitSeries) -> list[UnitDay]:
    """Leave out days with much fewer units than usual: the median of the same weekdays before, else of all."""
    known: list[UnitDay] = []
    for day in series.days:
        if day.units <= 0:
            continue
        before = [float(each.units) for each in known[-_USUAL_DAYS:]]
        alike = [float(each.units) for each in known[-_USUAL_DAYS:] if each.day.weekday() == day.day.weekday()]
        usual = median(alike if len(alike) >= 2 else before) if before else 0.0
        if float(day.units) >= _ENOUGH_UNITS * usual:
            known.append(day)
    return known


def _price(estimate: float, usual: float, series: UnitSeries) -> Decimal:
    return Decimal(repr(estimate / usual * series.per)).quantize(FINE, context=EXACT)


def _is_told(drift: Drift, of_teams: Iterable[Drift]) -> bool:
    """Say whether a model's drift shows in its team's, on one day at least."""
    if not drift.series.model:
        return False
    of = drift.series.team, drift.series.metric, drift.series.currency
    return any(
        (each.series.team, each.series.metric, each.series.currency) == of and each.excess.keys() & drift.excess.keys()
        for each in of_teams
    )
