"""A silence that somebody sets, on the alerts page or by the API."""

from fastapi import HTTPException

from alerts.policy import Match, Silence
from attributor.ledger.silences import SetSilence, add_silence
from attributor.web.alert_forms import Silenced
from attributor.web.bodies import end_of
from attributor.web.parts import SiteParts


def set_silence(parts: SiteParts, asked: Silenced, by: str) -> SetSilence:
    """Silence from now on what is asked. Raises HTTPException where it names nothing, says no reason or is over."""
    match = Match(tuple(asked.team), tuple(asked.severity), tuple(asked.kind))
    if (match == Match() and not asked.key) or not asked.reason:
        raise HTTPException(400, "say what to silence (team, severity, kind, key) and the reason")
    now = parts.clock()
    silence = Silence(now, end_of(asked.length, asked.until, now), asked.reason, match, tuple(asked.key))
    return add_silence(parts.engine, silence, by, now)
