"""The ledger's content as text, to tell whether two ledgers say the same."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Row, Table, select

from attributor.ledger.engine import reading
from attributor.ledger.tables import (
    alert_feedback,
    alert_notes,
    alerts,
    budget_edits,
    channel_memory,
    collected,
    control_sums,
    corrections,
    coverage,
    estimated_days,
    estimates,
    files_read,
    notifications,
    outbox,
    publications,
    restatements,
    rollup,
    rule_sets,
    silences,
    sources,
    statement_deliveries,
    statements,
    tag_compliance,
    team_days,
    unmatched_owners,
    unpriced_usage,
    usage_by_fact,
    usage_hours,
    usage_rollup,
)

_LEFT_OUT: Mapping[Table, frozenset[str]] = {
    sources: frozenset({"tried_at", "succeeded_at", "first_tried_at", "failing_since", "gaps_asked_at"}),
    coverage: frozenset(),
    files_read: frozenset({"read_at"}),
    collected: frozenset({"version", "collected_at", "read_at"}),
    control_sums: frozenset(),
    estimated_days: frozenset({"derived_at"}),
    estimates: frozenset(),
    unpriced_usage: frozenset(),
    restatements: frozenset({"noticed_at"}),
    rule_sets: frozenset({"first_used_at"}),
    publications: frozenset({"charges_version", "allocations_version", "epoch", "published_at"}),
    rollup: frozenset({"id"}),
    team_days: frozenset(),
    statements: frozenset({"closed_at", "undone_at"}),
    statement_deliveries: frozenset({"attempts", "due_at", "error", "sent_at", "failing_since", "error_is_permanent"}),
    corrections: frozenset({"charges_versions", "allocations_version", "usage_versions", "epoch", "posted_at"}),
    usage_rollup: frozenset({"id"}),
    usage_hours: frozenset({"id"}),
    usage_by_fact: frozenset({"id"}),
    unmatched_owners: frozenset(),
    tag_compliance: frozenset({"id"}),
    alerts: frozenset({"first_seen", "last_seen", "resolved_at", "snoozed_until", "handled_at", "woken_at"}),
    alert_notes: frozenset({"first_noted", "last_noted"}),
    alert_feedback: frozenset({"id", "given_at", "taken_back_at"}),
    silences: frozenset({"id", "created_at"}),
    budget_edits: frozenset({"made_at"}),
    channel_memory: frozenset({"name", "value", "kept_at"}),
    notifications: frozenset({"sent_at", "incident"}),
    outbox: frozenset({"created_at", "attempts", "due_at", "error", "sent_at", "incident"}),
}
"""What depends on when and how often something ran, and not on what is known. Leases, editions, runs, asking, the
reasons of the alert path and what was known before are all of that kind."""


def canonical_dump(engine: Engine) -> str:
    """Return one line a row, "table {columns as JSON}", in binary order.

    Left out are times of work, lake versions, epochs, row ids, attempts, and the tables `leases`, `editions`,
    `day_editions`, `runs`, `asking`, `alert_decisions` and `costs_as_known`.
    """
    with reading(engine) as connection:
        lines = [
            _line(table, row, left_out)
            for table, left_out in _LEFT_OUT.items()
            for row in connection.execute(select(table))
        ]
    return "".join(f"{line}\n" for line in sorted(lines))


def _line(table: Table, row: Row[Any], left_out: frozenset[str]) -> str:
    kept = {name: value for name, value in row._mapping.items() if name not in left_out}
    if table is publications:
        kept["usage_versions"] = {source: sorted(days) for source, days in json.loads(row.usage_versions).items()}
    return f"{table.name} {json.dumps(kept, sort_keys=True, default=str)}"
