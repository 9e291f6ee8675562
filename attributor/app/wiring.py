"""From settings to objects: sources, channels, ledger, lake, and what a cycle works with."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
from sqlalchemy import Engine

from alerts.channels.base import Channel, ChannelSettings, Forgetful, no_picture
from attributor.app.budgeting import rules_in_use
from attributor.app.clock import utc_now
from attributor.app.cluster import build_day_work
from attributor.app.configuration import settings_or_error
from attributor.app.errors import ConfigurationError
from attributor.app.failures import ledger_failures, opened_ledger
from attributor.app.lake_failures import lake_failures
from attributor.app.stamps import Stamp, stamps_of
from attributor.attributing.attribute import DayWork
from attributor.config.settings import Settings, StoreSettings
from attributor.ingest.staging import SCHEMAS
from attributor.jobs.cycle import Works
from attributor.jobs.work import Surroundings
from attributor.lake import duck
from attributor.lake.lake import Lake
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.channel_memory import LedgerChannelMemory
from attributor.ledger.holder import this_holder
from attributor.ledger.lease import Lease
from attributor.watching.hourly import KeptHours
from attributor.web.alert_links import alert_chart_path
from attributor.web.drawing import alert_picture
from collectors.base import Collector, SourceSettings
from rules.problem import Problem
from rules.schema import ALLOCATIONS

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class App:
    """What the daemon and the commands work with.

    `stamps` tell the version of the configuration's files; `refused` is what is wrong with a newer one, if anything.
    `hours` is what cycles read of the spend by the hour.
    """

    settings: Settings
    stamps: Mapping[Path, Stamp]
    clock: Clock
    engine: Engine
    lake: Lake
    collectors: Mapping[str, Collector]
    channels: Mapping[str, Channel]
    alert_log: LedgerAlertLog
    holder: str
    day_work: Callable[[], AbstractContextManager[DayWork]]
    refused: tuple[Problem, ...] = ()
    hours: KeptHours = field(default_factory=KeptHours)


def build_collectors(settings: Settings, clock: Clock) -> tuple[dict[str, Collector], list[Problem]]:
    """Build every source; a value that its type refuses is a problem at the source's line."""
    built: dict[str, Collector] = {}
    problems: list[Problem] = []
    for source in settings.sources:
        try:
            built[source.name] = source.type.build(
                SourceSettings(name=source.name, options=source.options, folder=settings.folder, clock=clock)
            )
        except ValueError as error:
            problems.append(Problem(str(settings.file), source.line, f"source `{source.name}`: {error}"))
    return built, problems


def build_channels(
    settings: Settings, clock: Clock, engine: Engine | None = None
) -> tuple[dict[str, Channel], list[Problem]]:
    """Build every channel; a value that its type refuses is a problem at the channel's line.

    Without a ledger they remember nothing and draw nothing.
    """
    teams = {team.id: team for team in settings.ruleset.teams}
    built: dict[str, Channel] = {}
    problems: list[Problem] = []
    for channel in settings.alerts.channels:
        try:
            built[channel.name] = channel.type.build(
                ChannelSettings(
                    name=channel.name,
                    options=channel.options,
                    stream=sys.stderr,
                    clock=clock,
                    public_url=settings.web.public_url,
                    chart_path=alert_chart_path,
                    chart_png=no_picture if engine is None else partial(alert_picture, engine, teams, clock),
                    memory=Forgetful() if engine is None else LedgerChannelMemory(engine, channel.name),
                )
            )
        except ValueError as error:
            problems.append(Problem(str(settings.file), channel.line, f"channel `{channel.name}`: {error}"))
    return built, problems


def build_app(settings: Settings, clock: Clock = utc_now) -> App:
    """Wire everything, and migrate the ledger.

    Raises ConfigurationError for what cannot be built, and StoreError for a ledger that cannot be used.
    """
    stamps = stamps_of(settings)
    collectors, wrong_sources = build_collectors(settings, clock)
    _, wrong_channels = build_channels(settings, clock)
    day_work, wrong_engine = build_day_work(settings)
    if wrong_sources or wrong_channels or wrong_engine:
        raise ConfigurationError((*wrong_sources, *wrong_channels, *wrong_engine))
    lake, engine = build_lake(settings), opened_ledger(settings.store.ledger)
    channels, _ = build_channels(settings, clock, engine)
    return App(
        settings=settings,
        stamps=stamps,
        clock=clock,
        engine=engine,
        lake=lake,
        collectors=collectors,
        channels=channels,
        alert_log=LedgerAlertLog(engine),
        holder=this_holder(),
        day_work=day_work,
    )


def build_lake(settings: Settings) -> Lake:
    """Name the lake's tables and their schemas; raise ConfigurationError for a folder that cannot be used."""
    return lake_of(settings.store, settings.file)


def lake_of(store: StoreSettings, file: Path) -> Lake:
    """Name the tables of the lake of a configuration file, as `build_lake` does."""
    try:
        return Lake(store.lake, store.lake_options, {**SCHEMAS, "allocations": ALLOCATIONS})
    except ValueError as error:
        raise ConfigurationError((Problem(str(file), 1, f"`lake`: {error}"),)) from error


def works(app: App, lease: Lease, connection: duckdb.DuckDBPyConnection) -> Works:
    """Gather what a cycle works with."""
    settings = app.settings
    rules = rules_in_use(app.engine, settings)
    return Works(app.engine, app.lake, lease, connection, rules, app.clock, app.day_work, settings.prices)


def surroundings(app: App) -> Surroundings:
    """Gather what a cycle reads from and tells."""
    return Surroundings(
        collectors=app.collectors,
        channels=app.channels,
        alert_log=app.alert_log,
        silence_limits={source.name: source.stale_after for source in app.settings.sources},
        limited=frozenset(source.name for source in app.settings.sources if source.limits_silence),
        alerts=app.settings.alerts,
        hours=app.hours,
    )


@contextmanager
def open_app(path: Path, clock: Clock = utc_now) -> Iterator[App]:
    """Read the configuration, wire everything, and close it afterwards.

    What lake and ledger raise meanwhile because they are away or damaged is a StoreError.
    """
    settings = settings_or_error(path)
    app = build_app(settings, clock)
    try:
        with ledger_failures(settings.store.ledger), lake_failures(settings.store.lake):
            yield app
    finally:
        app.engine.dispose()


def open_duckdb() -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """Open the engine that computes, with as many threads as there are processors."""
    return duck.open_duckdb(os.cpu_count() or 1)
