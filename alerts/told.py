"""What a channel believes: the alerts it was told of and how bad they were, packed into a `Sent.fingerprint`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.alert import Alert, Severity

Rank = tuple[int, int]
"""How bad an alert is: severity, then its own level."""

_ANSWERED = "/a"

SEVERITY_RANK: Mapping[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True)
class Told:
    """How bad an alert was when the channel was told of it last, and whether somebody had taken it up by then."""

    rank: Rank
    answered: bool = False


def rank_of(alert: Alert) -> Rank:
    """Return how bad the alert is; a greater rank is worse and is told at once."""
    return SEVERITY_RANK[alert.severity], alert.level


def digest_of(key: str) -> str:
    """Return the short name of an alert's key; 48 bits tell the alerts of one group apart."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def pack(told: Mapping[str, Told]) -> str:
    """Write what is believed by digest as text; the same alerts always give the same text."""
    return " ".join(
        f"{digest}/{each.rank[0]}/{each.rank[1]}{_ANSWERED if each.answered else ''}"
        for digest, each in sorted(told.items())
    )


def unpack(fingerprint: str) -> dict[str, Told]:
    """Read what `pack` wrote."""
    parts = (item.split("/") for item in fingerprint.split())
    return {digest: Told((int(severity), int(level)), answered=bool(rest)) for digest, severity, level, *rest in parts}
