"""Owner rules on usage: any fact, where it was measured, and which source told of it."""

import pytest

from rules.usage import resolve_usage

TEXT = """
teams: {{search: , ads: }}
rules:
  - {{name: usage, match: {match}, owner: search}}
  - {{name: rest, match: {{namespace: present}}, owner: ads}}
"""


@pytest.mark.parametrize(
    "match",
    [
        "{namespace: web}",
        "{tags.namespace: {prefix: w}}",
        "{api_key_id: {regex: '^key-[0-9]+$'}}",
        "{label_app.kubernetes.io/name: front*}",
        "{x_Source: prom*}",
        "{metric: requests, pool: gateway}",
        "{gpu_count: {range: [2, 8]}}",
        "{not: {user: present}, any: [{namespace: [web, api]}, {namespace: absent}]}",
    ],
)
def test_a_rule_may_ask_any_fact_of_a_usage_row_its_source_metric_and_pool(engine, used, match):
    facts = {"api_key_id": "key-7", "label_app.kubernetes.io/name": "frontend", "gpu_count": "4", "namespace": "web"}
    rows = [
        used("requests", None, 1, pool="gateway", x_Source="prometheus", facts=facts),
        used("calls", None, 2, pool="other", x_Source="files", facts={"namespace": "batch", "user": "u"}),
    ]
    tables = engine.tables([], rows)
    table = resolve_usage(engine.connection, tables.usage, engine.rules(TEXT.format(match=match)))
    found = engine.connection.execute(f"SELECT quantity, team FROM {table} ORDER BY quantity").fetchall()
    assert found == [(1, "search"), (2, "ads")]


def test_what_is_shared_is_not_hidden_by_what_is_resolved_for_one_connection_alone(engine, used):
    tables = engine.tables([], [used("requests", "ads", 1)])
    ruleset = engine.rules(TEXT.format(match="{x_Source: none}"))
    shared = resolve_usage(engine.connection, tables.usage, ruleset, ("model",), shared=True)
    try:
        own = resolve_usage(engine.connection, tables.usage, ruleset)
        for connection in (engine.connection, engine.connection.cursor()):
            assert connection.execute(f"SELECT team, fact_model FROM {shared}").fetchall() == [("ads", "")]
        assert "fact_model" not in engine.connection.table(own).columns
    finally:
        engine.connection.execute(f"DROP TABLE {shared}")
