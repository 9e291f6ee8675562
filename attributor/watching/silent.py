"""Sources as the freshness detector wants them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from alerts.detect.freshness import SourceFacts
from attributor.ledger.sources import source_facts as stored_facts
from attributor.ledger.tables import runs


def source_facts(engine: Engine, limits: Mapping[str, timedelta], now: datetime) -> Iterable[SourceFacts]:
    """Return how each configured source stands; `limits` is how long each may be silent, by name."""
    with engine.connect() as connection:
        watched_since = connection.scalar(select(func.min(runs.c.started_at))) or now
    stored = {facts.state.source: facts for facts in stored_facts(engine)}
    for name, limit in limits.items():
        found = stored.get(name)
        yield SourceFacts(
            source=name,
            known_until=None if found is None else found.covered_until,
            configured_at=watched_since,
            limit=limit,
            error="" if found is None else found.state.error or "",
            permanent=found is not None and found.state.error_is_permanent,
            failing_since=None if found is None else found.state.succeeded_at,
        )
