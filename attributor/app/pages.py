"""The site, wired: pages, metrics, probes, and the ingest API where a push source is configured."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from alerts.channels.slack_bot import SlackBotChannel
from attributor.app.budgeting import HeldTeams, teams_in_use
from attributor.app.errors import ConfigurationError
from attributor.app.explaining import Explainer
from attributor.app.wiring import App
from attributor.config.hosts import is_loopback
from attributor.config.settings import Settings
from attributor.ledger.mirror.mirror import Mirror
from attributor.ledger.owner_filter import OwnerFilter
from attributor.ledger.schema import schema_is_current
from attributor.ledger.sources import source_states
from attributor.metrics.registry import Metrics, build_registry, count_push, render
from attributor.reports.kept import KeptReports
from attributor.reports.overview import TeamLine, team_totals
from attributor.reports.view import View
from attributor.web.access.control import Door
from attributor.web.access.visitor import Role
from attributor.web.intake import PushCounts
from attributor.web.otlp_api import otlp_router
from attributor.web.parts import Budgeting, SiteParts
from attributor.web.site import build_site
from attributor.web.slack_api import slack_routes
from attributor.web.usage_api import usage_router
from attributor.web.warming import Warming
from collectors.base import SourceSettings
from collectors.otlp.facts import Naming
from collectors.otlp.receiver import Receiver
from collectors.push.collector import TYPE as PUSH
from collectors.push.log import EventLog
from collectors.push.options import open_log, otlp_choice, otlp_facts, token
from collectors.push.segments import LogLockedError
from rules.problem import Problem


def build_metrics(app: App, settings: Callable[[], Settings]) -> Metrics:
    """Build the metrics of this process and of the ledger."""
    return build_registry(app.engine, app.clock, lambda: tuple(teams_in_use(app.engine, settings()).values()))


@contextmanager
def open_event_log(app: App) -> Iterator[EventLog | None]:
    """Open the event log of the push source for writing, None where none is configured; close it afterwards.

    Raises ConfigurationError where another process writes it.
    """
    settings = _push_settings(app)
    if settings is None:
        yield None
        return
    try:
        log = open_log(settings)
    except LogLockedError as error:
        problem = Problem(str(app.settings.file), 1, f"source `{settings.name}`: {error}", "stop the other daemon")
        raise ConfigurationError((problem,)) from error
    with closing(log):
        yield log


def _push_settings(app: App) -> SourceSettings | None:
    push = next((source for source in app.settings.sources if source.type.name == PUSH.name), None)
    return None if push is None else SourceSettings(push.name, push.options, app.settings.folder, app.clock)


@dataclass(frozen=True)
class Pages:
    """The site, and what reads its reports before anybody asks for them."""

    site: FastAPI
    warm: Callable[[], None]


def build_pages(app: App, now: Callable[[], App], metrics: Metrics, log: EventLog | None) -> Pages:
    """Build the site, with the ingest API where there is an event log; `now` gives what the daemon works with now."""
    push = _push_settings(app)
    routers: tuple[APIRouter, ...] = ()
    if log is not None and push is not None:
        counted = _counter(metrics)
        routers = (
            usage_router(log, token(push), counted),
            otlp_router(_receiver(app, push, log), token(push), counted),
        )
    routers = (*routers, slack_routes(app.engine, app.clock, lambda: _signing_secrets(now())))
    owners, held = OwnerFilter(app.engine), HeldTeams(app.engine)
    mirror, explainer = Mirror(app.engine, owners.keep), Explainer(app.engine, app.lake, owners)
    parts = SiteParts(
        engine=app.engine,
        teams=lambda: held.of(now().settings),
        rules=lambda: now().settings.ruleset.rules,
        company=app.settings.company or "Attributor",
        clock=app.clock,
        metrics=lambda: render(metrics),
        ready=lambda: _ready(app.engine, owners),
        extra_routers=routers,
        explain=explainer,
        door=_door(app, now, owners),
        other_sites=app.settings.web.cors_origins,
        others=_others(app, now, owners),
        channels=lambda: now().channels,
        budgeting=_budgeting(app.settings.web.edit_budgets, now),
        dimensions=lambda: tuple(name for name, _ in now().settings.ruleset.more_dimensions),
        kept=KeptReports(app.engine, lambda: owners.owners, mirror),
        mirror=mirror,
    )
    return Pages(build_site(parts), _warmed_for_all(Warming(parts, explainer.read_ahead), owners))


def _warmed_for_all(warming: Warming, owners: OwnerFilter) -> Callable[[], None]:
    def warm() -> None:
        with owners.seen_by(None):
            warming.warm()

    return warm


def _ready(engine: Engine, owners: OwnerFilter) -> tuple[str, ...]:
    """Say why there is nothing to show, to a team's visitor too: it is of no team, and asks for more than they may."""
    with owners.seen_by(None):
        return reasons_not_ready(engine)


def _door(app: App, now: Callable[[], App], owners: OwnerFilter) -> Door:
    """Build the door; where only this machine can ask, it must be asked by a name of its own or by `public_url`."""
    web = app.settings.web
    named = frozenset({urlsplit(web.public_url).hostname or ""} - {""})
    hosts = named if is_loopback(web.host) else None
    return Door(lambda: now().settings.access, app.engine, app.clock, owners, web.public_url, hosts=hosts)


def _budgeting(editors: str, now: Callable[[], App]) -> Budgeting | None:
    if not editors:
        return None
    roles: frozenset[Role] = frozenset({"admin"} if editors == "admin" else {"admin", "finance"})
    return Budgeting(lambda: {team.id: team for team in now().settings.ruleset.teams}, roles)


def _signing_secrets(app: App) -> tuple[str, ...]:
    bots = (channel for channel in app.channels.values() if isinstance(channel, SlackBotChannel))
    return tuple(bot.signing_secret for bot in bots if bot.signing_secret)


def _receiver(app: App, push: SourceSettings, log: EventLog) -> Receiver:
    """Build what takes OpenTelemetry's signals; raise ConfigurationError where its memory is damaged."""
    try:
        return Receiver(log, app.clock, Naming.of(otlp_facts(push)), otlp_choice(push))
    except ValueError as error:
        problem = Problem(str(app.settings.file), 1, f"source `{push.name}`: {error}")
        raise ConfigurationError((problem,)) from error


def _others(app: App, now: Callable[[], App], owners: OwnerFilter) -> Callable[[View], tuple[TeamLine, ...]]:
    def others(view: View) -> tuple[TeamLine, ...]:
        seen, settings = owners.owners, now().settings
        if seen is None or not settings.access.shows_totals_of_others:
            return ()
        with owners.seen_by(None):
            lines = team_totals(app.engine, {team.id: team for team in settings.ruleset.teams}, view)
        return tuple(line for line in lines if line.team not in seen)

    return others


def _counter(metrics: Metrics) -> Callable[[PushCounts], None]:
    def count(counts: PushCounts) -> None:
        results = {
            "accepted": counts.accepted,
            "duplicate": counts.duplicates,
            "rejected": counts.rejected,
            "ignored": counts.ignored,
        }
        count_push(metrics, results)

    return count


def reasons_not_ready(engine: Engine) -> tuple[str, ...]:
    """Return why there is nothing to show, or not now; nothing where there is."""
    try:
        if not schema_is_current(engine):
            return ("the ledger is not at the present schema",)
        states = source_states(engine).values()
    except SQLAlchemyError:
        return ("the ledger cannot be read",)
    if not any(state.succeeded_at for state in states):
        return ("no source has been read yet",)
    return ()
