"""The site: pages, the same reports as JSON, charts as pictures, probes, and what others mount beside them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware

from attributor.ledger.audit import Change, record_change
from attributor.reports.kept import KeptReports
from attributor.web.access.account import account
from attributor.web.access.control import AccessControl, Door, open_door
from attributor.web.access.sessions import Reception, session_routes
from attributor.web.access.visitor import groups_named
from attributor.web.alert_controls import alert_control_routes
from attributor.web.alert_pages import alert_page_routes
from attributor.web.alerts_api import alert_routes, feedback_routes, silence_routes
from attributor.web.assets import Assets, asset_routes
from attributor.web.audit_api import audit_routes
from attributor.web.budget_forms import budget_form_routes
from attributor.web.budget_pages import budget_routes
from attributor.web.budgets_api import budget_api_routes
from attributor.web.entity_tags import EntityTags
from attributor.web.errors import answer_errors, problem_answer
from attributor.web.explain_pages import explain_routes
from attributor.web.fleet_pages import gpu_routes, model_routes
from attributor.web.head_requests import HeadRequests
from attributor.web.other_sites import OtherSites
from attributor.web.pages import health_routes, overview_routes, team_routes
from attributor.web.parts import SiteParts
from attributor.web.pictures import picture_routes
from attributor.web.probes import probe_routes
from attributor.web.quality_pages import quality_routes, rule_routes
from attributor.web.readable import ReadableAddresses
from attributor.web.reports_api import report_routes
from attributor.web.security import SecurityHeaders
from attributor.web.statement_pages import statement_routes
from attributor.web.templating import Templates
from attributor.web.unit_cost_pages import unit_cost_routes
from rules.ruleset import Team

_COMPRESS_FROM = 1024
_OPENAPI = "/api/v1/openapi.json"
_FOR_PROGRAMS = ("/api/v1/", "/v1/")
"""Addresses that OpenAPI describes; pages are for people."""


def build_site(parts: SiteParts) -> FastAPI:
    """Return the ASGI application; what it keeps of the ledger is thrown away once the ledger changes."""
    assets = Assets()
    site = FastAPI(
        title=f"{parts.company} · Attributor", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json"
    )
    door = parts.door or open_door(parts.engine, parts.clock)
    templates = Templates(parts.company, assets, lambda: account(door))
    kept = parts.kept or KeptReports(parts.engine, lambda: door.owners.owners, parts.mirror)
    parts = replace(parts, door=door, kept=kept, teams=_visible(parts.teams, door))
    _set_door(site, door, templates)
    site.add_middleware(EntityTags)
    site.add_middleware(ReadableAddresses)
    site.add_middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM)
    site.add_middleware(HeadRequests)
    if parts.other_sites:
        site.add_middleware(OtherSites, origins=parts.other_sites)
    site.add_middleware(SecurityHeaders)
    answer_errors(site, templates)
    routers = (
        probe_routes(parts),
        asset_routes(assets),
        overview_routes(parts, templates),
        picture_routes(parts),
        team_routes(parts, templates),
        gpu_routes(parts, templates),
        model_routes(parts, templates),
        health_routes(parts, templates),
        budget_routes(parts, templates),
        budget_form_routes(parts, templates),
        unit_cost_routes(parts, templates),
        quality_routes(parts, templates),
        rule_routes(parts, templates),
        alert_page_routes(parts, templates),
        alert_control_routes(parts, templates),
        alert_routes(parts),
        silence_routes(parts),
        feedback_routes(parts),
        audit_routes(parts),
        statement_routes(parts, templates),
        budget_api_routes(parts),
        report_routes(parts),
        *((explain_routes(parts, templates, parts.explain),) if parts.explain else ()),
        *parts.extra_routers,
    )
    for router in routers:
        for_programs = all(
            route.path.startswith(_FOR_PROGRAMS) for route in router.routes if isinstance(route, APIRoute)
        )
        site.include_router(router, include_in_schema=for_programs)
    return site


def _set_door(site: FastAPI, door: Door, templates: Templates) -> None:
    """Let everything through the door, and sign people in where a provider does."""
    site.add_middleware(AccessControl, door=door, problem=partial(problem_answer, templates))
    oidc = door.access().oidc
    if oidc is not None:
        is_https = door.public_url.startswith("https://")
        site.add_middleware(SessionMiddleware, secret_key=oidc.session_secret, https_only=is_https)

        def note(who: str, action: str, detail: str) -> None:
            record_change(door.engine, Change(door.clock(), who, "oidc", action, detail))

        reception = Reception(door.public_url, door.clock, note, lambda: groups_named(door.access()), templates.page)
        site.include_router(session_routes(oidc, reception), include_in_schema=False)


def _visible(teams: Callable[[], Mapping[str, Team]], door: Door) -> Callable[[], Mapping[str, Team]]:
    """Return the teams that whoever asks may see."""

    def visible() -> Mapping[str, Team]:
        known = teams()
        return {name: known[name] for name in door.owners.visible(known)}

    return visible
