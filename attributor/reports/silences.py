"""A silence as its JSON document."""

from typing import Any

from attributor.ledger.silences import SetSilence


def silence_document(each: SetSilence) -> dict[str, Any]:
    """Return a silence; moments are ISO 8601 in UTC, empty lists match everything."""
    match = each.silence.match
    return {
        "id": each.id,
        "from": each.silence.start.isoformat(),
        "until": each.silence.end.isoformat(),
        "reason": each.silence.reason,
        "team": list(match.team),
        "severity": list(match.severity),
        "kind": list(match.kind),
        "key": list(each.silence.keys),
        "by": each.created_by,
    }
