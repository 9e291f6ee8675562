"""How a drift of a unit cost becomes an alert: what a unit cost, what was usual, what it costs above that."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from alerts.alert import Alert, ChartPoint, Contributor
from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.presenting import level_by_money, midnight, severity_by_money, team_link
from alerts.detect.spend_series import SpendPolicy
from alerts.detect.unit_cost_series import Drift, UnitDay, UnitSeries, unit_cost

CHART_DAYS = 35
_MODELS_SHOWN = 5


def unit_cost_alert(drift: Drift, policy: SpendPolicy, series: Sequence[UnitSeries]) -> Alert:
    """Return the alert of a drift: its last day against the band, the whole excess, and the models of its team."""
    own, days = drift.series, {day.day: day for day in drift.series.days}
    last = max(drift.excess)
    day = days[last]
    whole = total(drift.excess.values())
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
            ChartPoint(f"{each.day}", unit_cost(own, each), each.day in drift.excess)
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
        level=level_by_money(float(max(drift.excess.values())), drift.episode.gate),
    )


def _sentence(drift: Drift, day: UnitDay) -> str:
    own = drift.series
    return (
        f"{own.unit} cost {own.currency} {unit_cost(own, day):f} on {day.day}: {own.cost_of} "
        f"({shown(day.cost, own.currency)}) over {day.units:,.0f} {own.metric}. Usual is {own.currency} "
        f"{drift.expected:f}, up to {drift.band:f}."
    )


def _models(drift: Drift, series: Sequence[UnitSeries], day: date) -> tuple[Contributor, ...]:
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
    before = sorted(unit_cost(series, day) for day in series.days if day.day < told.day and day.units > 0)
    now = f"{series.currency} {unit_cost(series, told):f} for {series.unit.removesuffix(f' of {series.model}')}"
    return f"{now}, usually {before[len(before) // 2]:f}" if before else now
