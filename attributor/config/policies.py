"""`alerts.policies:`: the plain rules that a user turns on."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from alerts.detect.policies.rules import PolicyKind, PolicyRule
from attributor.config.options import typed_options
from collectors.base import Option
from rules.located import Located
from rules.problem import Problem

POLICY = (
    Option("rule", "What is held against a limit: one of the rules below.", "daily_spend", required=True),
    Option("name", "What alerts call it; by default, the rule.", "doubled spend"),
    Option("teams", "Globs of the teams that it is for; without them, all.", "[search, ads-*]", "list"),
    Option("floor", "Money below which nothing is said.", "50", "decimal", default="50"),
    Option("severity", "How bad it is: info, warning or critical.", "critical", default="warning"),
)
"""The options that all policy rules have."""

_METRIC = Option("metric", "The metric of usage that counts requests.", "requests", default="requests")
RULES: Mapping[PolicyKind, tuple[Option, ...]] = {
    "daily_spend": (Option("times", "How many times the normal day.", "2", "decimal", default="2"),),
    "hour": (Option("times", "How many times the previous day's average hour.", "3", "decimal", default="3"),),
    "daily_budget": (Option("percent", "Percent of a day's part of the budget.", "120", "decimal", default="120"),),
    "expected_day": (Option("percent", "Percent of what the day should cost.", "80", "decimal", default="80"),),
    "unit_cost": (
        Option("metric", "The metric of usage that counts the units.", "queries", required=True),
        Option("percent", "Percent above the usual cost of a unit.", "50", "decimal", default="50"),
    ),
    "request_cost": (
        Option("limit", "Money a request.", "0.05", "decimal", required=True),
        _METRIC,
        Option("for", "Over how long the average is taken, in whole hours.", "1h", "duration", default="1h"),
    ),
    "expensive_share": (
        Option("models", "Globs of the models of the expensive tier.", '["gpt-5*"]', "list", required=True),
        Option("percent", "Percent of the requests.", "15", "decimal", default="15"),
        _METRIC,
    ),
    "metric": (
        Option("metric", "Any metric of usage.", "gpu.busy_hours", required=True),
        Option("above", "The threshold that it must be above.", "100", "decimal"),
        Option("below", "The threshold that it must be below.", "1", "decimal"),
        Option("pool", "The pool; without it, each pool by itself.", "gpu-prod"),
        Option("for", "For how long, in whole hours.", "2h", "duration", default="1h"),
    ),
}
"""What each rule has besides."""

SEVERITIES = ("info", "warning", "critical")


def read_policies(node: Located | None) -> tuple[tuple[PolicyRule, ...], list[Problem]]:
    """Return the policy rules in their order; names are unique."""
    if node is None or node.is_empty:
        return (), []
    if node.items is None:
        return (), [node.problem("`policies` must be a list", "write `- {rule: daily_spend, times: 2}`")]
    found: dict[str, PolicyRule] = {}
    problems: list[Problem] = []
    for item in node.items:
        rule, wrong = _read_policy(item)
        problems += wrong
        if rule is not None and rule.name in found:
            problems.append(item.problem(f"two policies are called `{rule.name}`", "give one of them a `name`"))
        elif rule is not None:
            found[rule.name] = rule
    return tuple(found.values()), problems


def _read_policy(item: Located) -> tuple[PolicyRule | None, list[Problem]]:
    given = (item.entries or {}).get("rule")
    name = "" if given is None else given.text or ""
    kind = next((known for known in RULES if known == name), None)
    if kind is None:
        near = get_close_matches(name, list(RULES), n=1)
        hint = f"did you mean `{near[0]}`? " if near else ""
        return None, [(given or item).problem("a policy needs a known `rule`", f"{hint}known: {', '.join(RULES)}")]
    values, problems = typed_options(item, (*POLICY, *RULES[kind]))
    problems += [] if problems else _wrong_values(item, kind, values)
    return (None if problems else _rule(kind, values)), problems


def _wrong_values(item: Located, kind: PolicyKind, values: Mapping[str, Any]) -> Sequence[Problem]:
    problems = []
    if values.get("severity", "warning") not in SEVERITIES:
        problems.append(item.problem("`severity` is not known", f"known: {', '.join(SEVERITIES)}"))
    if kind == "metric" and ("above" in values) == ("below" in values):
        problems.append(item.problem("a metric needs either `above` or `below`", "write for example `above: 100`"))
    return problems


def _rule(kind: PolicyKind, values: Mapping[str, Any]) -> PolicyRule:
    default = PolicyRule("", kind)
    limits = [values[key] for key in ("limit", "above", "below") if key in values]
    factors = [values[key] for key in ("times", "percent") if key in values]
    return PolicyRule(
        name=values.get("name", kind),
        kind=kind,
        teams=tuple(values.get("teams", ())),
        floor=values["floor"],
        severity=values["severity"],
        factor=factors[0] if factors else default.factor,
        limit=limits[0] if limits else default.limit,
        metric=values.get("metric", ""),
        pool=values.get("pool", ""),
        models=tuple(values.get("models", ())),
        lasts=values.get("for", default.lasts),
        below="below" in values,
    )
