"""What a channel believes: the alerts it was told of and how bad they were, packed into a `Sent.fingerprint`."""

import hashlib
from collections.abc import Mapping

from alerts.alert import Alert, Severity

Rank = tuple[int, int]
"""How bad an alert is: severity, then its own level."""

SEVERITY_RANK: Mapping[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


def rank_of(alert: Alert) -> Rank:
    """Return how bad the alert is; a greater rank is worse and is told at once."""
    return SEVERITY_RANK[alert.severity], alert.level


def digest_of(key: str) -> str:
    """Return the short name of an alert's key; 48 bits tell the alerts of one group apart."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def pack(told: Mapping[str, Rank]) -> str:
    """Write ranks by digest as text; the same alerts always give the same text."""
    return " ".join(f"{digest}/{severity}/{level}" for digest, (severity, level) in sorted(told.items()))


def unpack(fingerprint: str) -> dict[str, Rank]:
    """Read what `pack` wrote."""
    parts = (item.split("/") for item in fingerprint.split())
    return {digest: (int(severity), int(level)) for digest, severity, level in parts}
