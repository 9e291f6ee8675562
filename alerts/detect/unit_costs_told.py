"""What is found on unit costs and on spend: told once, where one explains the other."""

from dataclasses import replace
from decimal import Decimal

from alerts.alert import Alert, Findings
from alerts.amounts import total
from alerts.detect.presenting import marked_days

_EXPLAINED = Decimal(2) / 3
"""What findings of spend must tell of a drift's excess, to be what it comes from."""


def joined_with_spend(spend: Findings, units: Findings) -> tuple[Findings, Findings]:
    """Return the findings of spend with the unit costs that they explain, and the unit costs left.

    Findings of a team's spend explain a drift where they tell of one of its days, and of most of its excess: then it is
    told in the summary of the largest of them.
    """
    alerts = {alert.key: alert for alert in spend.alerts}
    left = []
    for drift in units.alerts:
        causes = [alert for alert in alerts.values() if _may_explain(alert, drift)]
        if not causes or total(map(_excess, causes)) < _EXPLAINED * _excess(drift):
            left.append(drift)
            continue
        cause = max(causes, key=_excess)
        said = drift.facts["sentence"]
        facts = {**cause.facts, "unit costs": " ".join(filter(None, (cause.facts.get("unit costs"), said)))}
        alerts[cause.key] = replace(cause, summary=f"{cause.summary} {said}", facts=facts)
    return replace(spend, alerts=tuple(alerts.values())), replace(units, alerts=tuple(left))


def _may_explain(alert: Alert, drift: Alert) -> bool:
    if (alert.team, alert.currency) != (drift.team, drift.currency) or "excess" not in alert.facts:
        return False
    return not marked_days(alert).isdisjoint(marked_days(drift))


def _excess(alert: Alert) -> Decimal:
    return Decimal(alert.facts["excess"])
