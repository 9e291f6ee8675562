"""Policy rules held against what is known, and their findings: one alert a team, series and run of days."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.alert import Alert, ChartPoint, Findings
from alerts.amounts import cents, plain, total
from alerts.detect.policies import daily, hourly, ratios
from alerts.detect.policies.rules import Breach, Held, PolicyKind, PolicyRule, worth_telling
from alerts.detect.presenting import hour_label, team_link
from alerts.told import SEVERITY_RANK

TOLD_FOR = timedelta(days=2)
"""How long a breach is told after its day: bills come a day late."""

_KINDS: Mapping[PolicyKind, Callable[[PolicyRule, Held, datetime], Iterator[Breach]]] = {
    "daily_spend": daily.above_normal,
    "daily_budget": daily.above_budget,
    "expected_day": daily.ahead_of_day,
    "hour": hourly.above_previous_day,
    "request_cost": hourly.above_request_cost,
    "metric": hourly.past_threshold,
    "unit_cost": ratios.unit_cost_up,
    "expensive_share": ratios.expensive_share,
}


_OF_DAYS = frozenset({"daily_spend", "daily_budget"})


def breaches_of(rules: Sequence[PolicyRule], held: Held, now: datetime) -> list[Breach]:
    """Return what passed the rules, their floors applied, oldest first."""
    found = [breach for rule in rules for breach in worth_telling(_KINDS[rule.kind](rule, held, now))]
    return sorted(found, key=lambda each: (each.team, each.service, each.since, each.rule.name))


def with_policies(found: Findings, breaches: Sequence[Breach], now: datetime) -> tuple[Findings, Findings]:
    """Return a detector's findings with the reasons of rules that were passed on the same series and day.

    Then the findings of the others, as `policy_findings` gives them: one alert, several reasons.
    """
    joined, left = joined_with(found, breaches)
    return joined, policy_findings(left, now)


def joined_with(found: Findings, breaches: Sequence[Breach]) -> tuple[Findings, list[Breach]]:
    """Return a detector's findings with the reasons of rules on the same series and day, and the breaches left."""
    left = list(breaches)
    alerts = []
    for alert in found.alerts:
        own = [each for each in left if _is_on(each, alert)]
        left = [each for each in left if each not in own]
        alerts.append(_joined(alert, own))
    return replace(found, alerts=tuple(alerts)), left


def policy_findings(breaches: Sequence[Breach], now: datetime) -> Findings:
    """Return an alert for each team, series and run of days that ends at most TOLD_FOR ago.

    Keys are `policy:<team>:<service or *>:<first day>`.
    """
    runs: dict[tuple[str, str, str], list[list[Breach]]] = defaultdict(list)
    for each in sorted(breaches, key=lambda each: each.day):
        of_series = runs[each.team, each.service, each.currency]
        if of_series and each.day - of_series[-1][-1].day <= timedelta(days=1):
            of_series[-1].append(each)
        else:
            of_series.append([each])
    today = now.astimezone(UTC).date()
    told = [run for _, of_series in sorted(runs.items()) for run in of_series if today - run[-1].day <= TOLD_FOR]
    return Findings("policy", tuple(_alert(run) for run in told))


def _is_on(breach: Breach, alert: Alert) -> bool:
    """Say whether the alert is about the breach's series and day; charts mark the days that are anomalous."""
    if alert.kind == "unit_cost":
        same = breach.rule.kind == "unit_cost" and breach.rule.metric == alert.facts["metric"]
    else:
        same = bool(breach.service) and alert.facts.get("service") == breach.service
    if not same or (alert.team, alert.currency) != (breach.team, breach.currency):
        return False
    return any(point.marked and point.label.startswith(f"{breach.day}") for point in alert.chart)


def _joined(alert: Alert, breaches: Sequence[Breach]) -> Alert:
    if not breaches:
        return alert
    severity = max((alert.severity, *(each.rule.severity for each in breaches)), key=SEVERITY_RANK.__getitem__)
    return replace(
        alert,
        severity=severity,
        summary=" ".join([alert.summary, *_reasons(breaches)]),
        facts={**alert.facts, "policies": ", ".join(_names(breaches))},
    )


def _names(breaches: Sequence[Breach]) -> list[str]:
    return sorted({each.rule.name for each in breaches})


def _reasons(breaches: Sequence[Breach]) -> list[str]:
    """Return the newest reason of each rule."""
    newest = {each.rule.name: each.reason for each in sorted(breaches, key=lambda each: each.since)}
    return [newest[name] for name in sorted(newest)]


def _alert(run: Sequence[Breach]) -> Alert:
    first = run[0]
    latest = max(run, key=lambda each: (each.amount is not None, each.since))
    names = _names(run)
    severity = max((each.rule.severity for each in run), key=SEVERITY_RANK.__getitem__)
    return Alert(
        key=f"policy:{first.team}:{first.service or '*'}:{first.day}",
        kind="policy",
        team=first.team,
        severity=severity,
        title=f"Policy passed: {', '.join(names)}" + (f" ({first.service})" if first.service else ""),
        summary=" ".join(_reasons(run)),
        started_at=min(each.since for each in run),
        currency=latest.currency,
        amount=latest.amount,
        threshold=latest.threshold,
        contributors=latest.contributors,
        chart=_marked(latest.chart, run),
        link=team_link(first.team, run[-1].day),
        facts={"service": first.service, "policies": ", ".join(names), "day": f"{run[-1].day}", **_excess(run)},
        level=len(names),
    )


def _excess(run: Sequence[Breach]) -> dict[str, str]:
    """Return the money above what is usual, or above the budget's part, where the run is of whole days' spend alone."""
    if any(each.rule.kind not in _OF_DAYS for each in run):
        return {}
    by_day = {each.day: each.excess for each in sorted(run, key=lambda each: each.excess)}
    return {"excess": plain(cents(total(by_day.values())))}


def _marked(chart: Sequence[ChartPoint], run: Sequence[Breach]) -> tuple[ChartPoint, ...]:
    """Mark the days of the run, or the hours in which it was passed."""
    passed = {f"{each.day}" for each in run} | {hour_label(each.since) for each in run}
    return tuple(replace(point, marked=point.label in passed) for point in chart)
