"""Unit costs that drift: what a request, a thousand tokens, a GPU hour or any outcome costs a team, and by model."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np

from alerts.alert import Alert, ChartPoint, Contributor, Findings
from alerts.amounts import cents, cents_of_estimate, plain, shown, times, total
from alerts.detect.daily import Days, Gate, episodes_of
from alerts.detect.medians import Floats
from alerts.detect.presenting import midnight, severity_by_money, team_link
from alerts.detect.spend import days_told, gate_of
from alerts.detect.spend_series import Episode, SpendPolicy

CHART_DAYS = 35
_USUAL_DAYS = 28
_LEAST_DAYS = 7
_ENOUGH_UNITS = 0.5
"""On days with fewer units than this part of the usual, what does not depend on them makes each one dear."""
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_FINE = Decimal("0.000001")
_MODELS_SHOWN = 5
_EXPLAINED = Decimal(2) / 3
"""What findings of spend must tell of a drift's excess, to be what it comes from."""


@dataclass(frozen=True)
class UnitDay:
    """What a team spent on a UTC day that is known in full, and how many units it had for that."""

    day: date
    cost: Decimal
    units: Decimal


@dataclass(frozen=True)
class UnitSeries:
    """What `per` units of `metric` cost a team by day, of all models ("") or of one, in one currency, in order.

    `cost_of` says in words what the cost is of. Days that are not known, or not in full, are left out.
    """

    team: str
    metric: str
    per: int
    currency: str
    cost_of: str
    days: tuple[UnitDay, ...]
    model: str = ""

    @property
    def key(self) -> str:
        """What the keys of its alerts begin with."""
        return f"unit_cost:{self.team}:{self.metric}:{self.model or '*'}"

    @property
    def unit(self) -> str:
        """What is counted, in words."""
        return f"{'1,000 ' if self.per == 1000 else ''}{self.metric}{f' of {self.model}' if self.model else ''}"


@dataclass(frozen=True)
class _Drift:
    series: UnitSeries
    episode: Episode
    excess: Mapping[date, Decimal]
    """By day, what it cost above what as many units usually do."""

    expected: Decimal
    band: Decimal


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
    alerts = [_alert(drift, limits, series) for drift in found if not _is_told(drift, of_teams)]
    return Findings("unit_cost", tuple(alerts))


def _drifts(series: UnitSeries, gate: Gate, policy: SpendPolicy, standing: Collection[str]) -> Iterable[_Drift]:
    known = _known(series)
    if len(known) < _LEAST_DAYS:
        return
    usual = float(np.median([float(day.units) for day in known[-_USUAL_DAYS:]]))
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
            yield _Drift(series, episode, excess, *(_price(each, usual, series) for each in (last.expected, last.band)))


def _known(series: UnitSeries) -> list[UnitDay]:
    """Leave out days with much fewer units than usual: the median of the same weekdays before, else of all."""
    known: list[UnitDay] = []
    for day in series.days:
        if day.units <= 0:
            continue
        before = [float(each.units) for each in known[-_USUAL_DAYS:]]
        alike = [float(each.units) for each in known[-_USUAL_DAYS:] if each.day.weekday() == day.day.weekday()]
        usual = float(np.median(alike if len(alike) >= 2 else before)) if before else 0.0
        if float(day.units) >= _ENOUGH_UNITS * usual:
            known.append(day)
    return known


def _price(estimate: float, usual: float, series: UnitSeries) -> Decimal:
    return Decimal(repr(estimate / usual * series.per)).quantize(_FINE, context=_EXACT)


def _is_told(drift: _Drift, of_teams: Iterable[_Drift]) -> bool:
    """Say whether a model's drift shows in its team's, on one day at least."""
    if not drift.series.model:
        return False
    of = drift.series.team, drift.series.metric, drift.series.currency
    return any(
        (each.series.team, each.series.metric, each.series.currency) == of and each.excess.keys() & drift.excess.keys()
        for each in of_teams
    )


def _alert(drift: _Drift, policy: SpendPolicy, series: Sequence[UnitSeries]) -> Alert:
    own, days = drift.series, {day.day: day for day in drift.series.days}
    last = max(drift.excess)
    day = days[last]
    whole = total(drift.excess.values())
    worst = max(float(max(drift.excess.values())), drift.episode.gate)
    return Alert(
        key=f"{own.key}:{drift.episode.began}",
        kind="unit_cost",
        team=own.team,
        severity=severity_by_money(whole, warning=policy.warning_from, critical=policy.critical_from),
        title=f"Unit cost went up: {own.unit}",
        summary=f"{_sentence(drift, day)} {shown(whole, own.currency)} more than as much usually costs, on "
        f"{len(drift.excess)} {'day' if len(drift.excess) == 1 else 'days'} since {min(drift.excess)}.",
        started_at=midnight(min(*drift.excess, drift.episode.began)),
        currency=own.currency,
        amount=cents(day.cost),
        threshold=cents(times(drift.band, day.units) / own.per),
        contributors=_models(drift, series, last),
        chart=tuple(
            ChartPoint(f"{each.day}", _unit_cost(own, each), each.day in drift.excess)
            for each in own.days[-CHART_DAYS:]
            if each.units > 0
        ),
        link=team_link(own.team, last),
        facts={
            "metric": own.metric,
            "model": own.model,
            "numerator": own.cost_of,
            "denominator": own.metric,
            "per": str(own.per),
            "expected": plain(drift.expected),
            "excess": plain(whole),
            "sentence": _sentence(drift, day),
        },
        level=int(math.log(worst / drift.episode.gate, 4)),
    )


def _sentence(drift: _Drift, day: UnitDay) -> str:
    own = drift.series
    return (
        f"{own.unit} cost {own.currency} {_unit_cost(own, day):f} on {day.day}: {own.cost_of} "
        f"({shown(day.cost, own.currency)}) over {day.units:,.0f} {own.metric}. Usual is {own.currency} "
        f"{drift.expected:f}, up to {drift.band:f}."
    )


def _unit_cost(series: UnitSeries, day: UnitDay) -> Decimal:
    return _EXACT.divide(times(day.cost, series.per), day.units).quantize(_FINE, context=_EXACT)


def _models(drift: _Drift, series: Sequence[UnitSeries], day: date) -> tuple[Contributor, ...]:
    """Return the models by what they cost, the largest first, each with what a unit of it cost and usually does."""
    own = drift.series
    found = [
        Contributor(each.model, cents(told.cost), _of_model(each, told))
        for each in series
        if each.model and (each.team, each.metric, each.currency) == (own.team, own.metric, own.currency)
        if not own.model or each.model == own.model
        for told in each.days
        if told.day == day and told.units > 0
    ]
    return tuple(sorted(found, key=lambda each: -(each.amount or Decimal(0)))[:_MODELS_SHOWN])


def _of_model(series: UnitSeries, told: UnitDay) -> str:
    before = sorted(_unit_cost(series, day) for day in series.days if day.day < told.day and day.units > 0)
    now = f"{series.currency} {_unit_cost(series, told):f} for {series.unit.removesuffix(f' of {series.model}')}"
    return f"{now}, usually {before[len(before) // 2]:f}" if before else now


def joined_with_spend(spend: Findings, units: Findings) -> tuple[Findings, Findings]:
    """Return the findings of spend with the unit costs that they explain, and the unit costs left.

    Findings of a team's spend explain a drift where they tell of one of its days, and of most of its excess: then it is
    told in the summary of the largest of them.
    """
    alerts = {alert.key: alert for alert in spend.alerts}
    left = []
    for drift in units.alerts:
        causes = [alert for alert in alerts.values() if _may_explain(alert, drift)]
        if not causes or total(map(_excess, causes)) < _EXPLAINED * _excess(drift):
            left.append(drift)
            continue
        cause = max(causes, key=_excess)
        said = drift.facts["sentence"]
        facts = {**cause.facts, "unit costs": " ".join(filter(None, (cause.facts.get("unit costs"), said)))}
        alerts[cause.key] = replace(cause, summary=f"{cause.summary} {said}", facts=facts)
    return replace(spend, alerts=tuple(alerts.values())), replace(units, alerts=tuple(left))


def _may_explain(alert: Alert, drift: Alert) -> bool:
    if (alert.team, alert.currency) != (drift.team, drift.currency) or "excess" not in alert.facts:
        return False
    return not _marked_days(alert).isdisjoint(_marked_days(drift))


def _marked_days(alert: Alert) -> set[str]:
    return {point.label[: len("2026-11-19")] for point in alert.chart if point.marked}


def _excess(alert: Alert) -> Decimal:
    return Decimal(alert.facts["excess"])
