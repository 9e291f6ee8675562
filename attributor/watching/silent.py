"""Sources as the freshness detector wants them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.detect.freshness import SourceFacts
from attributor.ledger.sources import source_facts as stored_facts


def source_facts(engine: Engine, limits: Mapping[str, timedelta], now: datetime) -> Iterable[SourceFacts]:
    """Return how each configured source stands; `limits` is how long each may be silent, by name."""
    stored = {facts.state.source: facts for facts in stored_facts(engine)}
    for name, limit in limits.items():
        found = stored.get(name)
        if found is None:
            yield SourceFacts(source=name, known_until=None, configured_at=now, limit=limit)
            continue
        yield SourceFacts(
            source=name,
            known_until=found.covered_until,
            configured_at=found.first_tried_at or now,
            limit=limit,
            error=found.state.error or "",
            permanent=found.state.error_is_permanent,
            failing_since=found.failing_since,
        )
