"""How a message is put into words, the same on every channel."""

from alerts.alert import Alert, Kind
from alerts.amounts import shown
from alerts.ports import Message

CAUSES: dict[Kind, tuple[str, str]] = {
    "idle_gpu": ("idle GPU group", "idle GPU groups"),
    "low_gpu": ("little used GPU group", "little used GPU groups"),
    "saturated_gpu": ("saturated GPU group", "saturated GPU groups"),
    "spend_anomaly": ("spend anomaly", "spend anomalies"),
    "budget": ("budget alert", "budget alerts"),
    "freshness": ("silent or failing source", "silent or failing sources"),
    "restatement": ("restated source", "restated sources"),
    "unattributed": ("unattributed spend", "unattributed spend"),
    "unpriced": ("model without a price", "models without a price"),
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
