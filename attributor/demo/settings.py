"""The demo's attributor.yaml: the template with the budgets filled in."""

from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from string import Template

from attributor.demo.organisation import TEAMS
from attributor.demo.plan import COMPANY
from attributor.demo.spend import ACTIVITY_RATES, RESERVATION_WEIGHTS
from attributor.demo.tokens import METRICS, MODELS

_TEMPLATE = "attributor.yaml.template"


def settings_yaml(budgets: Mapping[str, Decimal]) -> str:
    """Return the configuration; `budgets` are dollars a month by team."""
    template = resources.files("attributor.demo").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return Template(template).substitute(
        company=COMPANY,
        teams=_teams(budgets),
        rates=_flow(dict(ACTIVITY_RATES)),
        reservation=_flow({team: str(weight) for team, weight in RESERVATION_WEIGHTS.items()}),
        everyone=", ".join(team.id for team in TEAMS),
        prices=_prices(),
    )


def _teams(budgets: Mapping[str, Decimal]) -> str:
    lines = []
    for team in TEAMS:
        aliases = f"aliases: [{', '.join(team.aliases)}], " if team.aliases else ""
        parent = f"parent: {team.parent}, " if team.parent else ""
        lines.append(
            f'  {team.id}: {{name: {team.name}, {aliases}{parent}cost_center: "{team.cost_center}", '
            f'owner: "{team.owner}", slack: "#{team.id}-costs", budget: {budgets[team.id]}}}'
        )
    return "\n".join(lines)


def _prices() -> str:
    """Return a price for each model and kind of token, in dollars a million; what they stand for is said once."""
    lines, named = [], set[str]()
    for model in MODELS:
        name = model.provider.name.lower()
        replaces = f"*{name}"
        if name not in named:
            replaces = f"&{name} {{source: {model.provider.source}, match: {{ServiceName: {model.service}}}}}"
            named.add(name)
        for metric, price in zip(METRICS, model.prices, strict=True):
            dollars = Decimal(price).scaleb(-6).normalize()
            lines.append(
                f"  - {{name: {model.name} {metric}, metric: {metric}, match: {{model: {model.name}}}, "
                f"price: {dollars:f}, per: 1000000, provider: {model.provider.name}, replaces: {replaces}}}"
            )
            replaces = f"*{name}"
    return "\n".join(lines)


def _flow(entries: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"
