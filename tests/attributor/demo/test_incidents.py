"""incidents.json tells the truth about the files beside it."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from attributor.demo.later import apply_later


def test_every_kind_of_incident_is_named_with_its_alert_team_days_and_amount(demo):
    document = json.loads((demo.folder / "incidents.json").read_text(encoding="utf-8"))
    alerts = [each["alert"] for each in document["incidents"]]
    assert sorted(alerts) == sorted(
        ["idle_gpu", "spend_anomaly", "spend_anomaly", "unattributed", "budget", "budget", "restatement"]
    )
    for each in document["incidents"]:
        assert isinstance(each["amount"], str)
        assert datetime.fromisoformat(each["started_at"]) < demo.plan.now


def test_fourteen_clean_days_lie_before_every_incident_that_is_to_be_noticed_by_itself(demo):
    for name in ("runaway-tokens", "level-shift", "untagged-account"):
        started = datetime.fromisoformat(demo.incident(name)["started_at"])
        assert started - demo.plan.start > timedelta(days=14)


def test_eight_gpus_are_held_and_below_five_percent_for_thirty_hours_and_busy_before(demo):
    incident = demo.incident("idle-gpus")
    started = datetime.fromisoformat(incident["started_at"])
    quiet, busy = defaultdict(int), []
    for row in demo.usage("gpu-prod"):
        if row["metric"] != "gpu.utilization" or row["node"] != incident["facts"]["node"]:
            continue
        hour = datetime.fromisoformat(row["hour"])
        if hour >= started:
            assert Decimal(row["quantity"]) < 5
            assert row["team"] == incident["team"]
            quiet[row["gpu"]] += 1
        elif hour >= started - timedelta(days=7):
            busy.append(Decimal(row["quantity"]))
    assert len(quiet) == 8
    assert set(quiet.values()) == {30}
    assert sum(busy) / len(busy) > 60


def test_no_other_gpu_is_below_ten_percent_for_two_hours_on_end(demo):
    seen = defaultdict(list)
    started = demo.incident("idle-gpus")["started_at"][:19] + "Z"
    for row in demo.usage("gpu-prod"):
        if row["metric"] == "gpu.utilization" and (row["node"] != "gpu-04" or row["hour"] < started):
            seen[row["gpu"]].append((row["hour"], Decimal(row["quantity"]) < 10))
    for rows in seen.values():
        idle = [low for _, low in sorted(rows)]
        assert not any(first and second for first, second in pairwise(idle))


def test_the_runaway_job_sends_five_times_the_tokens(demo):
    incident = demo.incident("runaway-tokens")
    started = incident["started_at"][:19] + "Z"
    before = (datetime.fromisoformat(incident["started_at"]) - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    after_total, before_total = [], []
    for row in demo.usage("tokens"):
        same = (row["model"], row["api_key"]) == (incident["facts"]["model"], incident["facts"]["api_key"])
        if same and row["metric"] == "tokens.output" and row["hour"] >= before:
            (after_total if row["hour"] >= started else before_total).append(int(row["quantity"]))
    assert 4 < (sum(after_total) / len(after_total)) / (sum(before_total) / len(before_total)) < 6.5


def test_the_untagged_account_appears_on_its_first_day_with_no_team_and_costs_what_is_said(demo, cost):
    incident = demo.incident("untagged-account")
    rows = [
        row
        for row in demo.bill("aws")
        if row["SubAccountId"] == incident["facts"]["account"] and row["ChargeCategory"] == "Usage"
    ]
    assert min(row["ChargePeriodStart"] for row in rows)[:10] == incident["days"][0]
    assert all("team" not in json.loads(row["Tags"]) for row in rows)
    assert cost(rows).quantize(Decimal("0.01")) == Decimal(incident["amount"])


def test_the_level_shift_more_than_doubles_one_service_of_one_team(demo, cost):
    incident = demo.incident("level-shift")
    rows = [
        row
        for row in demo.bill("aws")
        if row["ServiceName"] == incident["service"] and row["SubAccountId"] == incident["facts"]["account"]
    ]
    after = [row for row in rows if row["ChargePeriodStart"][:10] >= incident["days"][0]]
    before = [row for row in rows if row["ChargePeriodStart"][:10] < incident["days"][0]]
    assert cost(after) / 5 > 2 * cost(before) / (demo.plan.days - 5)


def test_a_small_part_of_an_ordinary_day_has_no_owner(demo, cost):
    day = (demo.plan.today - timedelta(days=9)).isoformat()
    rows = [row for source in ("aws", "azure", "gcp", "llm") for row in demo.bill(source)]
    that_day = [row for row in rows if row["ChargePeriodStart"][:10] == day]
    unclaimed = [row for row in that_day if "tmp-do-not-delete" in row["Tags"] or "srhc" in row["Tags"]]
    assert 0 < cost(unclaimed) / cost(that_day) < Decimal("0.02")


def test_applying_what_came_later_replaces_one_day_of_one_bill(write_demo, cost):
    demo = write_demo()
    incident = demo.incident("restated-day")
    before = demo.bill("gcp")
    assert apply_later(demo.folder) == (demo.folder / incident["facts"]["to"],)
    after = demo.bill("gcp")
    assert (cost(after) - cost(before)).quantize(Decimal("0.01")) == Decimal(incident["amount"])
    day = incident["days"][0]
    assert [row for row in after if row["ChargePeriodStart"][:10] != day] == [
        row for row in before if row["ChargePeriodStart"][:10] != day
    ]
    rise = Decimal(incident["amount"]) / cost([row for row in before if row["ChargePeriodStart"][:10] == day])
    assert Decimal("0.11") < rise < Decimal("0.13")


def test_budgets_put_one_team_over_and_one_near_on_any_day_of_the_month(write_demo):
    for today in (1, 2, 3, 15, 30):
        demo = write_demo(now=datetime(2026, 11, today, 9, 41, tzinfo=UTC))
        over, near = demo.incident("over-budget"), demo.incident("approaching-budget")
        assert Decimal("1.05") < _used(over) < Decimal("1.15"), today
        assert Decimal("0.85") < _used(near) < Decimal("0.93"), today


def _used(incident):
    budget = Decimal(incident["facts"]["budget"])
    return (Decimal(incident["amount"]) + budget) / budget
