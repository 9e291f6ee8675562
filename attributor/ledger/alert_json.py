"""An alert as JSON text and back, equal to the last unit: amounts are decimal strings, instants ISO 8601."""

import json
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from alerts.alert import Alert, ChartPoint, Contributor


def alert_to_json(alert: Alert) -> str:
    """Write one alert."""
    return json.dumps(_plain(alert))


def alerts_to_json(alerts: tuple[Alert, ...]) -> str:
    """Write the alerts of one message, in their order."""
    return json.dumps([_plain(alert) for alert in alerts])


def alert_from_json(text: str) -> Alert:
    """Read what `alert_to_json` wrote."""
    return _alert(json.loads(text))


def alerts_from_json(text: str) -> tuple[Alert, ...]:
    """Read what `alerts_to_json` wrote."""
    return tuple(_alert(item) for item in json.loads(text))


def _plain(alert: Alert) -> dict[str, Any]:
    return {
        **{field.name: getattr(alert, field.name) for field in fields(alert)},
        "started_at": alert.started_at.isoformat(),
        "amount": _text(alert.amount),
        "threshold": _text(alert.threshold),
        "contributors": [[one.label, _text(one.amount), one.note] for one in alert.contributors],
        "chart": [[point.label, str(point.value), point.marked] for point in alert.chart],
        "facts": dict(alert.facts),
    }


def _alert(plain: dict[str, Any]) -> Alert:
    contributors = (Contributor(label, _amount(amount), note) for label, amount, note in plain["contributors"])
    chart = (ChartPoint(label, Decimal(value), marked) for label, value, marked in plain["chart"])
    return Alert(
        **{
            **plain,
            "started_at": datetime.fromisoformat(plain["started_at"]),
            "amount": _amount(plain["amount"]),
            "threshold": _amount(plain["threshold"]),
            "contributors": tuple(contributors),
            "chart": tuple(chart),
        }
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
