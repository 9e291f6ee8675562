"""The pages of what is shared: GPUs by pool, team, job and hour, and language models by team, key and feature."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter

from attributor.reports.gpu_lines import GpuReport
from attributor.reports.gpu_pools import pools_by_rule
from attributor.reports.models import ModelsReport
from attributor.reports.narrowing import Narrowing
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.web.heat import heat, heat_map
from attributor.web.links import GPUS, MODELS
from attributor.web.palette import slots
from attributor.web.parts import SiteParts
from attributor.web.report_pages import ReportPage, report_routes
from attributor.web.shown_reports import shown_gpus, shown_models
from attributor.web.templating import Templates


def gpu_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /gpus and /gpus.json."""

    def shown(report: GpuReport) -> Mapping[str, Any]:
        teams, found = parts.teams(), heat(report.hours)
        of_pools = pools_by_rule(parts.rules(), {line.pool for line in report.pools})
        return {
            "fleet_rule": next(iter(of_pools)) if len(of_pools) == 1 else "",
            "rule_of": _rules_by_pool(of_pools),
            "names": {team: shown_name(teams, team) for team in (*teams, *RESERVED_OWNERS)},
            "slots": slots(teams, {line.team for line in report.teams} | {job.team for job in report.jobs}),
            "compares": report.heading.comparison.is_possible,
            "heat": found,
            "chart": heat_map(found),
        }

    page = ReportPage(
        GPUS,
        "gpus.html",
        partial(shown_gpus, parts),
        shown=shown,
        can=lambda words: Narrowing(("team",), words),
        known=lambda report: (line.team for line in report.teams),
    )
    return report_routes(parts, templates, page)


def _rules_by_pool(pools: Mapping[str, str]) -> Mapping[str, str]:
    """Return the rule that splits each pool, of pools that one rule alone splits."""
    rules: dict[str, list[str]] = {}
    for rule, pool in pools.items():
        rules.setdefault(pool, []).append(rule)
    return {pool: of[0] for pool, of in rules.items() if len(of) == 1}


def model_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /models and /models.json."""

    def shown(report: ModelsReport) -> Mapping[str, Any]:
        teams, said = parts.teams(), (*report.keys, *report.features, *report.tiers)
        return {
            "names": {team: shown_name(teams, team) for team in {line.team for line in said}},
            "slots": slots(teams, {line.team for line in report.teams} | {line.team for line in said}),
            "compares": report.heading.comparison.is_possible,
        }

    page = ReportPage(
        MODELS,
        "models.html",
        partial(shown_models, parts),
        shown=shown,
        can=lambda words: Narrowing(words, words),
        known=lambda report: (name for line in report.teams for name in (line.team, line.model)),
    )
    return report_routes(parts, templates, page)
