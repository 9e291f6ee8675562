"""Everything that is watched, once: facts from the ledger and the lake to the detectors to the alert path."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import duckdb
from sqlalchemy import Engine

from alerts.alert import Findings
from alerts.detect.agreement import disagreements
from alerts.detect.budget import budget_alerts
from alerts.detect.coverage_holes import coverage_holes
from alerts.detect.daily_budget import limit_alerts
from alerts.detect.freshness import stale_sources
from alerts.detect.gpu_hours import IdlePolicy
from alerts.detect.idle_gpu import gpu_findings
from alerts.detect.policies.policies import joined_with, with_policies
from alerts.detect.restatement import restatements
from alerts.detect.unattributed import UnattributedPolicy, rising_unattributed
from alerts.detect.undelivered import undelivered
from alerts.detect.unit_costs_told import joined_with_spend
from alerts.detect.unpriced import unpriced_models
from alerts.detect.vanished import vanished
from alerts.pipeline import Outcome, process
from alerts.ports import AlertLog
from attributor.attributing.inputs import read_inputs
from attributor.config.settings import AlertSettings, Price
from attributor.lake.lake import Lake
from attributor.ledger.notes import keep_notes
from attributor.watching.anomalies import spend_findings, unit_cost_findings
from attributor.watching.budgets import budget_facts
from attributor.watching.driving.findings import with_their_drivers
from attributor.watching.gpu_prices import idle_rates
from attributor.watching.gpus import gpu_hours
from attributor.watching.hourly import KeptHours, Read
from attributor.watching.hours import Told
from attributor.watching.limits import limit_facts
from attributor.watching.policies import policy_breaches
from attributor.watching.policy import anything_stands, policy_of
from attributor.watching.restated import restated_days
from attributor.watching.silent import source_facts
from attributor.watching.spend import spend_series
from attributor.watching.told import compared_days, covered_spans, told_daily
from attributor.watching.unclaimed import unattributed_contributors, unattributed_days
from attributor.watching.undelivered import failed_statements
from attributor.watching.unpriced import unpriced_facts
from rules.ruleset import RuleSet


@dataclass(frozen=True)
class Watched:
    """What is watched: the ledger and lake with the rules in use, how long each source may be silent, the limits.

    `limited` are the sources whose limit of silence the user gave, `prices` what GPU hours cost without a bill. `hours`
    is the spend by the hour that was read before; whoever watches again and again passes the same.
    """

    engine: Engine
    lake: Lake
    connection: duckdb.DuckDBPyConnection
    ruleset: RuleSet
    silence_limits: Mapping[str, timedelta]
    settings: AlertSettings
    limited: frozenset[str] = frozenset()
    prices: tuple[Price, ...] = ()
    hours: KeptHours = field(default_factory=KeptHours)


def watch(watched: Watched, log: AlertLog, now: datetime) -> Outcome:
    """Run every detector and take the findings through the alert path into the outbox; nothing is sent yet.

    What is no alarm is written down.
    """
    findings = list(find(watched, now))
    keep_notes(watched.engine, (note for found in findings for note in found.notes), now)
    return process(findings, log, policy_of(watched.engine, watched.settings, now), now)


def keep_time(engine: Engine, settings: AlertSettings, log: AlertLog, now: datetime) -> Outcome | None:
    """Do what the clock alone brings: end snoozes and quiet hours, repeat, escalate; None where no alert stands."""
    if not anything_stands(engine):
        return None
    return process((), log, policy_of(engine, settings, now), now)


def find(watched: Watched, now: datetime) -> Iterator[Findings]:
    """Yield what each detector sees."""
    engine = watched.engine
    teams = {team.id: team for team in watched.ruleset.teams}
    read = Read(watched.lake, watched.connection, read_inputs(engine), watched.hours)
    monthly = budget_alerts(budget_facts(engine, teams, now), now)
    yield replace(
        monthly, alerts=(*monthly.alerts, *limit_alerts(limit_facts(engine, read, watched.ruleset, now), now))
    )
    yield from _gpus(watched, read, now)
    yield from _spend(watched, read, now)
    yield _freshness(watched, now)
    yield restatements(restated_days(engine, now), now)
    yield _unattributed(watched, now)
    yield unpriced_models(unpriced_facts(engine))


def _spend(watched: Watched, read: Read, now: datetime) -> Iterator[Findings]:
    """Yield unusual spend and unit costs, and the policies that were passed without either."""
    engine, settings, ruleset = watched.engine, watched.settings, watched.ruleset
    series = spend_series(engine, now)
    breaches = policy_breaches(engine, read, ruleset, settings.policies, series, now)
    told = Told(engine, read, ruleset, watched.prices)
    found = with_their_drivers(engine, read, ruleset, spend_findings(told, series, settings, now))
    found, drifts = joined_with_spend(found, unit_cost_findings(told, series, settings, now))
    spend, left = joined_with(found, breaches)
    units, passed = with_policies(drifts, left, now)
    yield from (spend, units, with_their_drivers(engine, read, ruleset, passed))


def _gpus(watched: Watched, read: Read, now: datetime) -> Iterable[Findings]:
    settings = watched.settings
    hours = gpu_hours(read.lake, read.connection, read.inputs, watched.ruleset, now)
    rates = idle_rates(watched.engine, read, watched.ruleset, watched.prices, now) if hours else {}
    policy = IdlePolicy(
        below=settings.idle_below,
        window=settings.idle_for,
        coverage=settings.idle_coverage.scaleb(-2),
        low_for=settings.low_for,
        saturated_for=settings.saturated_for,
    )
    return gpu_findings(hours, rates, now, policy)


def _freshness(watched: Watched, now: datetime) -> Findings:
    """Return what is wrong with sources: silence, failures, holes, zeros, and bills that disagree with their usage.

    And what could not be brought to where it should go.
    """
    engine, names = watched.engine, watched.silence_limits
    stale = stale_sources(list(source_facts(engine, names, now, watched.limited)), now)
    more = (
        *coverage_holes(covered_spans(engine, names, now), now),
        *vanished(told_daily(engine, names, now)),
        *disagreements(compared_days(engine, now)),
        *undelivered(list(failed_statements(engine, now)), now),
    )
    return replace(stale, alerts=(*stale.alerts, *more))


def _unattributed(watched: Watched, now: datetime) -> Findings:
    policy = UnattributedPolicy(limit=watched.settings.unattributed_above)
    by_currency = unattributed_days(watched.engine, now)
    found = [
        rising_unattributed(days, currency, unattributed_contributors(watched.engine, currency, now), now, policy)
        for currency, days in by_currency.items()
    ]
    return Findings(
        "unattributed",
        tuple(alert for each in found for alert in each.alerts),
        tuple(key for each in found for key in each.undecided),
    )
