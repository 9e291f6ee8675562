import json
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, Engine, insert

from attributor.ledger.asking import Asked, record_asking
from attributor.ledger.engine import open_engine
from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import (
    alerts,
    collected,
    control_sums,
    coverage,
    estimated_days,
    estimates,
    files_read,
    outbox,
    publications,
    rollup,
    runs,
    sources,
)
from attributor.ledger.team_days import sum_team_days
from attributor.ledger.unpriced import UnpricedUsage, replace_unpriced
from attributor.metrics.bounded import largest_idle, largest_variances
from attributor.metrics.ledger_collector import FRESH_FOR
from attributor.metrics.registry import Metrics, build_registry, count_push, observed, render
from attributor.reports.variance import VarianceLine
from rules.ruleset import Budget, Team

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
TEAMS = (
    Team("search", budget=Budget(Decimal(400))),
    Team("ads", budget=Budget(Decimal(0))),
    Team("research", budget=Budget(Decimal(10))),
    Team("platform"),
)


def cost(team: str, amount: str, day: date = date(2026, 11, 3), currency: str = "USD") -> dict[str, Any]:
    text = ("project", "environment", "cost_center", "service", "provider", "account", "category", "model")
    more = ("rule", "method", "shared_step", "idle_cause", "fallback")
    row: dict[str, Any] = dict.fromkeys((*text, *more), "")
    row |= {"source": "aws", "day": day, "billing_month": "2026-11", "currency": currency, "basis": "billed"}
    row["team"] = team
    for name in ("billed", "effective", "list"):
        row |= money_values(name, Decimal(amount))
    return row


def estimate(day: int, state: str, estimated: str, billed: str) -> tuple[dict[str, Any], dict[str, Any]]:
    key = {"source": "llm", "day": date(2026, 11, day)}
    of_day = {**key, "state": state, "bill_digest": "", "usage_digest": "", "derived_at": NOW}
    line = {**key, "provider": "OpenAI", "service": "Chat", "currency": "USD"}
    return of_day, {
        **line,
        **money_values("estimated", Decimal(estimated)),
        **money_values("billed", Decimal(billed)),
    }


def alert(key: str, kind: str, severity: str, status: str) -> dict[str, Any]:
    seen = {"first_seen": NOW, "last_seen": NOW}
    return {"key": key, "kind": kind, "team": "search", "severity": severity, "status": status, "body": "{}"} | seen


def message(name: str, state: str) -> dict[str, Any]:
    row = {"id": name, "group_key": name, "channel": "slack", "kind": "firing", "team": "search", "body": "[]"}
    return row | {"created_at": NOW, "state": state, "attempts": 0, "due_at": NOW}


def store(engine: Engine, *costs: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(insert(rollup), list(costs))
        sum_team_days(connection, {cost["day"] for cost in costs})


def _store_a_reading(connection: Connection, written: str, stored: str) -> None:
    sums = json.dumps(dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), written))
    file = {"source": "aws", "place": "a.csv", "rows": 1, "currency": "USD", "sums": sums, "rounded": "{}"}
    connection.execute(insert(files_read).values(**file, read_at=NOW))
    day = {"source": "aws", "day": date(2026, 11, 3)}
    told = {"table_name": "charges", "version": 1, "digest": "d", "rows": 1, "collected_at": NOW, "read_at": NOW}
    connection.execute(insert(collected).values(**day, **told))
    costs = {
        key: value
        for name in ("billed", "effective", "list")
        for key, value in money_values(name, Decimal(stored)).items()
    }
    connection.execute(insert(control_sums).values(**day, currency="USD", **costs))


@pytest.fixture
def full_ledger(ledger_engine: Engine) -> Engine:
    store(
        ledger_engine,
        cost("search", "100.000000000001"),
        cost("search", "0.5", date(2026, 11, 30)),
        cost("search", "7000", date(2026, 10, 31)),
        cost("search", "3", currency="EUR"),
        cost("ads", "-20"),
        cost("unattributed", "20"),
        cost("platform", "4") | {"idle_cause": "held"},
        cost("platform", "2") | {"idle_cause": "unused_commitment"},
    )
    state = {"table_name": "charges", "tried_at": NOW}
    with ledger_engine.begin() as connection:
        connection.execute(
            insert(sources),
            [
                {"source": "aws", "succeeded_at": NOW, "error": None, **state},
                {"source": "gcp", "succeeded_at": None, "error": "refused", **state},
            ],
        )
        spans = (
            (NOW - timedelta(days=9), NOW - timedelta(days=5)),
            (NOW - timedelta(days=3), NOW - timedelta(hours=2)),
        )
        _store_a_reading(connection, written="5", stored="4.5")
        connection.execute(insert(coverage), [{"source": "aws", "start": start, "end": end} for start, end in spans])
        connection.execute(
            insert(alerts),
            [
                alert("1", "idle_gpu", "warning", "firing"),
                alert("2", "idle_gpu", "warning", "acknowledged"),
                alert("3", "budget", "critical", "snoozed"),
                alert("4", "budget", "critical", "resolved"),
            ],
        )
        states = ("pending", "pending", "sent", "failed")
        connection.execute(insert(outbox), [message(str(number), state) for number, state in enumerate(states)])
        for of_day, line in (estimate(18, "billed", "80", "100"), estimate(19, "estimated", "50", "1")):
            connection.execute(insert(estimated_days), [of_day])
            connection.execute(insert(estimates), [line])
        keys = [("", date(2026, 11, day)) for day in (18, 19)]
        rows = [UnpricedUsage(*key, "gateway", "", "new", "tokens.input", "ads", "", Decimal(7)) for key in keys]
        replace_unpriced(connection, keys, rows)
        finished = NOW - timedelta(minutes=1)
        connection.execute(insert(runs), [{"id": "1", "started_at": NOW, "finished_at": finished}])
        connection.execute(insert(runs), [{"id": "2", "started_at": NOW}])
    record_asking(ledger_engine, "aws", Asked(3, Decimal("0.03")), NOW)
    return ledger_engine


@pytest.fixture
def metrics(full_ledger: Engine) -> Metrics:
    built = build_registry(full_ledger, lambda: NOW, lambda: TEAMS)
    with observed(built, "cycle"):
        count_push(built, {"accepted": 5, "duplicate": 1, "rejected": 2})
    return built


def test_a_source_whose_stored_charges_are_not_what_its_files_say_is_told(metrics: Metrics) -> None:
    [sample] = families(metrics)["attributor_control_difference"].samples
    assert (sample.labels, sample.value) == ({"source": "aws", "currency": "USD"}, -0.5)


def test_tokens_of_unknown_cost_are_counted_by_their_source(metrics: Metrics) -> None:
    [sample] = families(metrics)["attributor_unpriced_tokens"].samples
    assert (sample.labels, sample.value) == ({"source": "gateway"}, 14)


def families(metrics: Metrics) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(render(metrics).decode())}


def samples(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """Return a metric's values by the values of its labels, in the alphabetical order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in families(metrics).values()
        for sample in family.samples
        if sample.name == name
    }


def test_the_page_says_what_the_ledger_holds(metrics: Metrics) -> None:
    def found(name: str) -> dict[tuple[str, ...], float]:
        return samples(metrics, f"attributor_{name}")

    assert found("team_cost_total") == {
        ("USD", "search"): 100.500000000001,
        ("EUR", "search"): 3.0,
        ("USD", "ads"): -20.0,
        ("USD", "unattributed"): 20.0,
        ("USD", "platform"): 6.0,
    }
    assert found("gpu_idle_cost_total") == {("held", "USD", "platform"): 4.0}
    assert found("team_budget_ratio") == pytest.approx({("search",): 100.500000000001 / 400, ("research",): 0.0})
    assert found("unattributed_ratio") == pytest.approx({("USD",): 20 / 106.500000000001, ("EUR",): 0.0})
    assert found("estimated_ratio") == {("USD",): 0.0, ("EUR",): 0.0}
    assert found("estimate_variance") == {("USD", "OpenAI", "Chat"): 20.0}
    assert found("estimate_variance_ratio") == {("USD", "OpenAI", "Chat"): 0.25}
    assert found("source_lag_seconds") == {("aws",): 7200.0}
    assert found("source_failing") == {("aws",): 0.0, ("gcp",): 1.0}
    assert (found("source_requests"), found("source_asking_cost")) == ({("aws",): 3.0}, {("aws",): 0.03})
    assert found("open_alerts") == {("idle_gpu", "warning"): 2.0, ("budget", "critical"): 1.0}
    assert (found("outbox_pending"), found("outbox_failed")) == ({(): 2.0}, {(): 1.0})
    assert found("last_run_timestamp_seconds") == {(): (NOW - timedelta(minutes=1)).timestamp()}
    assert found("ledger_up") == {(): 1.0}


def test_the_estimated_share_is_of_the_same_cost_as_the_teams(full_ledger: Engine) -> None:
    store(full_ledger, cost("platform", "295.499999999999") | {"basis": "estimated"})
    found = samples(build_registry_of(full_ledger), "attributor_estimated_ratio")
    assert found == pytest.approx({("USD",): 295.499999999999 / 402, ("EUR",): 0.0})


def build_registry_of(engine: Engine) -> Metrics:
    return build_registry(engine, lambda: NOW, lambda: TEAMS)


def test_services_beyond_those_that_differ_most_are_one_and_no_difference_is_lost() -> None:
    lines = [
        VarianceLine(("p", str(number)), "USD", Decimal(10), Decimal(10 + number * (-1) ** number))
        for number in range(6)
    ]
    found = largest_variances([*lines, VarianceLine(("p", "s"), "EUR", Decimal(1), Decimal(1))], 2)
    assert [line.values for line in found] == [("p", "5"), ("p", "4"), ("other", "other"), ("other", "other")]
    assert [(line.currency, line.difference) for line in found[2:]] == [("EUR", 0), ("USD", -2)]
    assert sum(line.difference for line in found) == sum(line.difference for line in lines)


def test_jobs_and_pushed_events_are_counted(metrics: Metrics) -> None:
    def fail() -> None:
        with observed(metrics, "cycle"):
            raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        fail()
    assert samples(metrics, "attributor_job_runs_total") == {("cycle", "succeeded"): 1.0, ("cycle", "failed"): 1.0}
    assert samples(metrics, "attributor_job_duration_seconds_count") == {("cycle",): 2.0}
    expected = {("accepted",): 5.0, ("duplicate",): 1.0, ("rejected",): 2.0}
    assert samples(metrics, "attributor_push_events_total") == expected


def test_every_metric_is_documented_with_its_type_and_labels_and_no_other(metrics: Metrics) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", DOCUMENT.read_text(), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"\w+", labels))) for name, kind, labels in rows}
    found: dict[str, tuple[str, set[str]]] = {}
    for family in families(metrics).values():
        labels = set().union(*(sample.labels for sample in family.samples)) - {"le"}
        # The parser takes the suffix off a counter's name, and calls "untyped" what has no type.
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = ("untyped" if family.type == "unknown" else family.type, labels)
    assert found == documented


def test_promtool_finds_nothing_to_say(metrics: Metrics) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=render(metrics), capture_output=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_an_empty_ledger_has_a_page_too(ledger_engine: Engine) -> None:
    metrics = build_registry(ledger_engine, lambda: NOW, lambda: TEAMS)
    assert samples(metrics, "attributor_team_cost_total") == {}
    assert samples(metrics, "attributor_team_budget_ratio") == {("search",): 0.0, ("research",): 0.0}
    assert samples(metrics, "attributor_outbox_pending") == {(): 0.0}


def test_a_thousand_teams_are_a_bounded_number_of_series_with_the_same_sum(ledger_engine: Engine) -> None:
    store(ledger_engine, cost("other", "0.001"), cost("idle", "0.001"), cost("unattributed", "0.001"))
    store(ledger_engine, *(cost(f"team-{number:04d}", f"{number}.5") for number in range(1000)))
    teams = tuple(Team(f"team-{number:04d}", budget=Budget(Decimal(1000))) for number in range(1000))
    metrics = build_registry(ledger_engine, lambda: NOW, lambda: teams)
    found = samples(metrics, "attributor_team_cost_total")
    largest = {("USD", f"team-{number:04d}") for number in range(800, 1000)}
    assert set(found) == largest | {("USD", "other"), ("USD", "idle"), ("USD", "unattributed")}
    assert sum(found.values()) == pytest.approx(sum(range(1000)) + 500.003)
    assert set(samples(metrics, "attributor_team_budget_ratio")) == {(team,) for _, team in largest}


def test_a_ledger_that_cannot_be_read_is_a_metric_and_hides_no_other(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}")
    metrics = build_registry(engine, lambda: NOW, lambda: TEAMS)
    count_push(metrics, {"accepted": 1})
    assert samples(metrics, "attributor_ledger_up") == {(): 0.0}
    assert samples(metrics, "attributor_push_events_total")[("accepted",)] == 1.0
    assert samples(metrics, "attributor_team_cost_total") == {}
    engine.dispose()


def test_a_month_that_goes_on_is_forecast_for_each_team_with_an_interval(ledger_engine: Engine) -> None:
    days = [date(2026, 10, 1) + timedelta(days=number) for number in range(50)]
    store(ledger_engine, *(cost("search", "10", day) for day in days), *(cost("ads", "2.5", day) for day in days))
    with ledger_engine.begin() as connection:
        told = {"charges_version": 1, "allocations_version": 1, "usage_versions": "{}", "rules_digest": "", "epoch": 1}
        rows = [{"source": "aws", "day": day, "inputs_digest": "", "published_at": NOW} | told for day in days]
        connection.execute(insert(publications), rows)
    metrics = build_registry_of(ledger_engine)
    found = {end: samples(metrics, f"attributor_team_forecast{end}") for end in ("", "_low", "_high")}
    for team, amount in (("search", 300), ("ads", 75)):
        assert found[""]["USD", team] == pytest.approx(amount, rel=0.02)
        assert found["_low"]["USD", team] <= found[""]["USD", team] <= found["_high"]["USD", team]
    assert set(found[""]) == {("USD", "search"), ("USD", "ads")}


def test_idle_capacity_of_a_thousand_teams_is_a_bounded_number_of_series_with_the_same_sum() -> None:
    costs = {
        (f"team-{number:04d}", cause, "USD"): Decimal(number) for number in range(999) for cause in ("held", "low")
    }
    found = largest_idle({**costs, ("idle", "unallocated", "USD"): Decimal(1)}, 200)
    assert len(found) == 2 * 200 + 3
    assert sum(found.values()) == sum(costs.values()) + 1


def test_the_ledger_is_read_again_only_after_a_while(full_ledger: Engine) -> None:
    now = [NOW]
    metrics = build_registry(full_ledger, lambda: now[0], lambda: TEAMS)
    assert samples(metrics, "attributor_outbox_pending") == {(): 2.0}
    with full_ledger.begin() as connection:
        connection.execute(insert(outbox), [message("another", "pending")])
    now[0] += FRESH_FOR - timedelta(seconds=1)
    assert samples(metrics, "attributor_outbox_pending") == {(): 2.0}
    now[0] += timedelta(seconds=1)
    assert samples(metrics, "attributor_outbox_pending") == {(): 3.0}
