"""The reports that pages show: read once for all who see the same, and shown with what is so just now.

Alerts and how fresh sources are change all the time: they are read each time, and are no part of what is kept.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from attributor.periods import Month, month_of
from attributor.reports.budgets import Budgets, budgets
from attributor.reports.gpu_lines import GpuReport
from attributor.reports.gpus import gpu_report
from attributor.reports.models import ModelsReport, models_report
from attributor.reports.overview import Overview, overview_now, settled_overview
from attributor.reports.quality.report import DataQuality, quality_now, settled_quality
from attributor.reports.rule_claims import RuleClaims, rule_claims
from attributor.reports.statement_list import StatementList, settled_statements, statements_now
from attributor.reports.team import TeamReport, settled_team, team_now
from attributor.reports.unit_costs import UnitCosts, unit_costs
from attributor.reports.view import View
from attributor.web.parts import SiteParts


def shown_overview(parts: SiteParts, view: View) -> Overview:
    """Return the overview."""
    teams = parts.teams()

    def read(engine: Engine, at: View) -> Overview:
        standing = shown_budgets(parts, replace(at, group="")) if at.is_budgeted else None
        return settled_overview(engine, teams, at, standing)

    found = parts.report("overview", view, teams.values(), read)
    return overview_now(parts.engine, found)


def shown_team(parts: SiteParts, team: str, view: View) -> TeamReport:
    """Return a team's report; raise UnknownTeamError."""
    teams, rules = parts.teams(), parts.rules()
    known = (*teams.values(), *rules)
    # One team's rows are found by an index faster than a copy in columns is scanned for them.
    found = parts.report(f"team {team}", view, known, lambda _, at: settled_team(parts.engine, teams, team, at, rules))
    return team_now(parts.engine, found)


def shown_budgets(parts: SiteParts, view: View) -> Budgets:
    """Return the budgets of a view's month."""
    teams = parts.teams()
    return parts.report("budgets", view, teams.values(), lambda engine, at: budgets(engine, teams, at))


def shown_gpus(parts: SiteParts, view: View) -> GpuReport:
    """Return the GPU report."""
    teams, rules = parts.teams(), parts.rules()
    known = (*teams.values(), *rules)
    return parts.report("gpus", view, known, lambda engine, at: gpu_report(engine, teams, rules, at))


def shown_models(parts: SiteParts, view: View) -> ModelsReport:
    """Return the report of language models."""
    teams = parts.teams()
    return parts.report("models", view, teams.values(), lambda engine, at: models_report(engine, teams, at))


def shown_unit_costs(parts: SiteParts, view: View) -> UnitCosts:
    """Return the unit costs."""
    teams = parts.teams()
    return parts.report("unit costs", view, teams.values(), lambda engine, at: unit_costs(engine, teams, at))


def shown_quality(parts: SiteParts, view: View) -> DataQuality:
    """Return the quality of the data."""
    rules = parts.rules()
    return quality_now(
        parts.engine, parts.report("quality", view, rules, lambda engine, at: settled_quality(engine, rules, at))
    )


def shown_statements(parts: SiteParts, month: Month | None, now: datetime) -> StatementList:
    """Return the statements of a month, of the latest that is closed without one, for whoever may see all teams."""
    teams = parts.teams()

    def read(engine: Engine, at: View) -> StatementList:
        return settled_statements(engine, teams, month, at.now)

    view, name = View(month or month_of(now.date()), now), "statements" if month else "latest statements"
    return statements_now(parts.engine, parts.without_heading(name, view, teams.values(), read))


def shown_rules(parts: SiteParts, view: View) -> RuleClaims:
    """Return what each rule claimed."""
    rules = parts.rules()
    return parts.report("rules", view, rules, lambda engine, at: rule_claims(engine, rules, at))


OF_A_VIEW = (
    shown_overview,
    shown_budgets,
    shown_gpus,
    shown_models,
    shown_unit_costs,
    shown_quality,
    shown_rules,
)
"""Those that a view alone asks for: no team, and no month of statements."""
