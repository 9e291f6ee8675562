"""How a message is put into words, the same on every channel."""

from collections.abc import Iterator

from alerts.alert import Alert, Kind
from alerts.amounts import shown
from alerts.ports import Message

ALERTS_SHOWN = 20
CONTRIBUTORS_SHOWN = 5
CAUSES: dict[Kind, tuple[str, str]] = {
    "idle_gpu": ("idle GPU group", "idle GPU groups"),
    "low_gpu": ("little used GPU group", "little used GPU groups"),
    "saturated_gpu": ("saturated GPU group", "saturated GPU groups"),
    "spend_anomaly": ("spend anomaly", "spend anomalies"),
    "unit_cost": ("unit cost that went up", "unit costs that went up"),
    "spend_drop": ("spend that fell", "spend that fell"),
    "runaway": ("runaway", "runaways"),
    "policy": ("policy passed", "policies passed"),
    "budget": ("budget alert", "budget alerts"),
    "freshness": ("silent or failing source", "silent or failing sources"),
    "restatement": ("restated source", "restated sources"),
    "unattributed": ("unattributed spend", "unattributed spend"),
    "unpriced": ("model without a price", "models without a price"),
    "digest": ("digest", "digests"),
    "test": ("test message", "test messages"),
}
"""What one and several alerts of a kind are called."""


def team_of(team: str) -> str:
    """Return how a team is written; an alert about no team concerns all."""
    return team or "all teams"


def status_of(message: Message) -> str:
    """Return the word that a message opens with: RESOLVED, TEST, or the worst severity."""
    if message.kind == "firing":
        return message.alerts[0].severity.upper()
    return message.kind.upper()


def headline(message: Message) -> str:
    """Return one line: status, team, and the alert's title or how many there are of which cause."""
    alerts = message.alerts
    matter = alerts[0].title if len(alerts) == 1 else f"{len(alerts)} {CAUSES[alerts[0].kind][1]}"
    return f"{status_of(message)} · {team_of(message.team)} · {matter}"


def money(alert: Alert) -> str:
    """Return the amount against the threshold, as far as they are known."""
    if alert.amount is None:
        return "amount unknown"
    amount = shown(alert.amount, alert.currency)
    return amount if alert.threshold is None else f"{amount} against {shown(alert.threshold, alert.currency)}"


def parts_heading(alert: Alert) -> str:
    """Return what an alert's contributors are: parts of the excess where it is known what drives that."""
    return "Above usual" if "drivers" in alert.facts else "Top contributors"


def in_lines(message: Message, public_url: str) -> Iterator[str]:
    """Yield the message in plain lines, after its headline; long lists are cut and say by how much."""
    if message.note:
        yield message.note
    for alert in message.alerts[:ALERTS_SHOWN]:
        yield f"{alert.title} ({money(alert)})"
        if message.kind in {"firing", "digest", "test"}:
            yield from (f"  {line}" for line in alert.summary.splitlines())
            yield from (f"  {name}: {value}" for name, value in alert.facts.items() if message.kind == "digest")
            yield from _contributors(alert)
        yield f"  {public_url}{alert.link}"
    left_out = len(message.alerts) - ALERTS_SHOWN
    if left_out > 0:
        yield f"… and {left_out} more"


def _contributors(alert: Alert) -> Iterator[str]:
    for each in alert.contributors[:CONTRIBUTORS_SHOWN]:
        amount = "" if each.amount is None else f" {shown(each.amount, alert.currency)}"
        note = f" ({each.note})" if each.note else ""
        yield f"  - {each.label}{amount}{note}"
    left_out = len(alert.contributors) - CONTRIBUTORS_SHOWN
    if left_out > 0:
        yield f"  … and {left_out} more"
