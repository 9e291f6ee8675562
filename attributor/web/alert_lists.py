"""Alerts as pages list them: which come first, where they lead, and their series as small bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal

from alerts.alert import ChartPoint
from alerts.told import digest_of
from attributor.reports.alert_detail import AlertDetail
from attributor.reports.open_alerts import OpenAlert

_EXACT = Context(prec=60)
_HEIGHT = Decimal(24)


@dataclass(frozen=True)
class SmallBar:
    """One bar of a small chart: `at` counts from 0, `top` and `height` are in a height of 24."""

    at: int
    top: str
    height: str
    marked: bool


def anchor(alert: OpenAlert) -> str:
    """Return the id that an alert has on its team's page."""
    return f"alert-{digest_of(alert.key)}"


def address(alert: OpenAlert) -> str:
    """Return where an alert leads: to itself, on the page that explains it."""
    return f"{alert.link}#{anchor(alert)}"


@dataclass(frozen=True)
class Happening:
    """What happened to an alert, and when (aware UTC)."""

    at: datetime
    words: str
    by: str = ""


def history(detail: AlertDetail) -> tuple[Happening, ...]:
    """Return what is known to have happened to an alert, the latest first."""
    alert = detail.alert
    found = [Happening(alert.started_at, "Began"), Happening(alert.first_seen, "Noticed")]
    for message in detail.messages:
        told = "Told" if message.kind == "firing" else message.kind.replace("_", " ").capitalize()
        at, words = (message.sent_at, told) if message.sent_at else (message.created_at, f"{told}: {message.state}")
        found.append(Happening(at, f"{words}, {message.channel}"))
    if detail.handled_at is not None:
        found.append(Happening(detail.handled_at, _handled(detail), detail.handled_by))
    if detail.resolved_at is not None:
        found.append(Happening(detail.resolved_at, "Resolved"))
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _handled(detail: AlertDetail) -> str:
    did = {"acknowledged": "Acknowledged", "snoozed": "Snoozed", "firing": "Let fire again"}
    words = did.get(detail.alert.status, "Handled")
    return f"{words}: {detail.note}" if detail.note else words


def leading(alerts: Sequence[OpenAlert], count: int) -> tuple[tuple[OpenAlert, ...], tuple[OpenAlert, ...]]:
    """Part alerts into the first `count`, with at least one of each kind among them, and the rest; the order stays."""
    first_of_kind = {alert.kind: alert.key for alert in reversed(alerts)}
    ranked = sorted(alerts, key=lambda alert: first_of_kind[alert.kind] != alert.key)
    shown = {alert.key for alert in ranked[: max(count, len(first_of_kind))]}
    return (
        tuple(alert for alert in alerts if alert.key in shown),
        tuple(alert for alert in alerts if alert.key not in shown),
    )


def small_bars(points: Sequence[ChartPoint]) -> tuple[SmallBar, ...]:
    """Return the series as bars; what is below 0 has none."""
    largest = max((point.value for point in points), default=Decimal(0))
    return tuple(_bar(at, point, largest) for at, point in enumerate(points) if point.value > 0)


def _bar(at: int, point: ChartPoint, largest: Decimal) -> SmallBar:
    height = _EXACT.divide(_EXACT.multiply(point.value, _HEIGHT), largest).quantize(Decimal("0.1"), context=_EXACT)
    return SmallBar(at, str(_HEIGHT - height), str(height), point.marked)
