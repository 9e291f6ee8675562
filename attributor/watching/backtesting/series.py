"""The spend detectors over outside series, one run a point, each given what was known then and nothing else."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from alerts.detect.daily import Days, episodes_of
from alerts.detect.hourly import HOURS_REMEMBERED, QUIET, Hours, hourly_episodes, hourly_gate
from alerts.detect.medians import Floats
from alerts.detect.spend import HISTORY_DAYS, gate_of
from alerts.detect.spend_series import SpendPolicy
from attributor.watching.backtesting.series_files import OutsideSeries


def told_runs(series: OutsideSeries, policy: SpendPolicy) -> list[str]:
    """Return the runs that raised an alert, as the newest point that they saw: an ISO date, or an hour."""
    if series.step == "day":
        return [moment.date().isoformat() for moment in _daily_runs(series, policy)]
    return [f"{moment:%Y-%m-%dT%H:%M}" for moment in _hourly_runs(series, policy)]


def detections(found: Sequence[OutsideSeries], policy: SpendPolicy) -> dict[str, list[str]]:
    """Return the runs that raised an alert, by series."""
    return {series.id: told_runs(series, policy) for series in found}


def _daily_runs(series: OutsideSeries, policy: SpendPolicy) -> Iterator[datetime]:
    standing: dict[date, date] = {}
    for run, values in enumerate(series.runs()):
        today = series.first.date() + timedelta(days=run)
        begin = max(run + 1 - HISTORY_DAYS, 0)
        days = Days(
            series.first.date() + timedelta(days=begin),
            values[begin:],
            max(run + 1 - series.settling - begin, 0),
            series.since,
        )
        lately = [began for began, last in standing.items() if today - last <= policy.quiet]
        episodes = episodes_of(days, gate_of(policy, _usual(days.amounts)), policy, lately)
        told = {episode.began for episode in episodes}
        if told - set(lately):
            yield series.first + timedelta(days=run)
        standing |= dict.fromkeys(told, today)


def _hourly_runs(series: OutsideSeries, policy: SpendPolicy) -> Iterator[datetime]:
    standing: dict[datetime, datetime] = {}
    for run, values in enumerate(series.runs()):
        this_hour = series.first + timedelta(hours=run)
        begin = max(run + 1 - HOURS_REMEMBERED, 0)
        known = values[begin:]
        hours = Hours(series.first + timedelta(hours=begin), known, max(known.size - series.settling, 0))
        lately = [began for began, last in standing.items() if this_hour - last <= QUIET]
        told = {episode.began for episode in hourly_episodes(hours, hourly_gate(policy, _usual_hour(known)), lately)}
        if told - set(lately):
            yield this_hour
        standing |= dict.fromkeys(told, this_hour)


def _usual_hour(amounts: Floats) -> float:
    costing = amounts[amounts > 0]
    return float(np.median(costing)) if costing.size else 0.0


def _usual(amounts: Floats) -> float:
    """Return what a series costs in a day; it is all that is known of its team."""
    recent = amounts[-28:]
    known = recent[~np.isnan(recent)]
    return float(np.median(known)) if known.size else 0.0
