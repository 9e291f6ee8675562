"""Sources as the freshness detector wants them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.detect.freshness import SourceFacts
from attributor.ledger.habits import silence_habits
from attributor.ledger.sources import source_facts as stored_facts


def source_facts(
    engine: Engine, limits: Mapping[str, timedelta], now: datetime, given: Collection[str] | None = None
) -> Iterable[SourceFacts]:
    """Return how each configured source stands; `limits` is how long each may be silent, by name.

    Those that are not `given` by the user hold only until the source's habit is known; None: all are given.
    """
    habits = silence_habits(engine)
    habits = {name: habit for name, habit in habits.items() if given is not None and name not in given}
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
            limit=None if name in habits else limit,
            habit=habits.get(name),
            error=found.state.error or "",
            permanent=found.state.error_is_permanent,
            failing_since=found.failing_since,
        )
