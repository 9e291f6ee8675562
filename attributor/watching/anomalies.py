"""Unusual spend, by the day and, where sources tell it by the hour, by the hour; and what units cost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine, select

from alerts.alert import Findings, Kind
from alerts.detect.drops import spend_drops
from alerts.detect.hourly_spend import hourly_anomalies
from alerts.detect.hours_and_days import with_hours
from alerts.detect.spend import spend_anomalies, spent_a_day
from alerts.detect.spend_series import SpendPolicy, SpendSeries
from alerts.detect.unit_cost import unit_cost_drifts
from attributor.config.settings import AlertSettings
from attributor.ledger.tables import alerts
from attributor.watching.hours import Told, hourly_series
from attributor.watching.units import unit_series


def spend_findings(told: Told, series: Sequence[SpendSeries], settings: AlertSettings, now: datetime) -> Findings:
    """Judge every team's spend on every service; what is found by day and hour on one day is one alert.

    Spend that fell is a note.
    """
    policy = SpendPolicy(floor=settings.spend_minimum)
    standing = _standing(told.engine, "spend_anomaly", now - policy.quiet)
    spent = spent_a_day(series)
    by_day = spend_anomalies(series, now, policy, standing)
    by_day = replace(by_day, notes=spend_drops(series, spent, now, policy))
    if not settings.spend_by_hour:
        return by_day
    return with_hours(by_day, hourly_anomalies(hourly_series(told, spent, policy, now), spent, policy, standing))


def unit_cost_findings(told: Told, series: Sequence[SpendSeries], settings: AlertSettings, now: datetime) -> Findings:
    """Judge what units cost every team; `series` say what each spends in a day."""
    policy = SpendPolicy(floor=settings.spend_minimum)
    units = unit_series(told.engine, told.ruleset, now) if settings.unit_costs else ()
    standing = _standing(told.engine, "unit_cost", now - policy.quiet) if units else ()
    return unit_cost_drifts(units, spent_a_day(series), policy, standing)


def _standing(engine: Engine, kind: Kind, since: datetime) -> list[str]:
    """Return the keys of the alerts of a kind that fire, or did until lately: an episode keeps its key."""
    lately = (alerts.c.status != "resolved") | (alerts.c.resolved_at > since)
    query = select(alerts.c.key).where((alerts.c.kind == kind) & lately)
    with engine.connect() as connection:
        return list(connection.scalars(query))
