"""The usage files: hourly through the last full hour, in the columns of the `usage` collector."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal


def test_usage_runs_from_the_first_day_through_the_last_full_hour(demo):
    for family in ("gpu-prod", "tokens"):
        hours = {row["hour"] for row in demo.usage(family)}
        assert len(hours) == demo.plan.days * 24 + 9
        assert max(datetime.fromisoformat(hour) for hour in hours) == datetime.fromisoformat("2026-11-21T08:00:00Z")


def test_a_file_holds_one_month(demo):
    for path in (demo.folder / "usage").iterdir():
        month = path.stem[-7:]
        hours = path.read_text(encoding="utf-8").splitlines()[1:]
        assert all(line.lstrip('"').startswith(month) for line in hours)


def test_nobody_holds_more_gpus_than_there_are_and_some_hours_leave_some_free(demo):
    capacity, held = defaultdict(Decimal), defaultdict(Decimal)
    for row in demo.usage("gpu-prod"):
        if row["metric"] == "gpu.capacity_hours":
            capacity[row["hour"]] += Decimal(row["quantity"])
        elif row["metric"] == "gpu.hours":
            held[row["hour"]] += Decimal(row["quantity"])
    assert set(capacity.values()) == {Decimal(32)}
    assert set(held.values()) == {Decimal(30), Decimal(32)}


def test_shares_of_an_hour_are_between_nothing_and_all_of_it(demo):
    for row in demo.usage("gpu-prod"):
        if row["metric"] in {"gpu.busy_hours", "gpu.low_hours", "gpu.samples"}:
            assert 0 <= Decimal(row["quantity"]) <= 1
        elif row["metric"] == "gpu.utilization":
            assert 0 <= Decimal(row["quantity"]) < 100


def test_gpus_that_compute_but_little_do_so_in_part_of_the_time_that_they_compute(demo):
    by_gpu = defaultdict(dict)
    for row in demo.usage("gpu-prod"):
        by_gpu[row["gpu"], row["hour"]][row["metric"]] = Decimal(row["quantity"])
    found = [each for (gpu, _), each in by_gpu.items() if gpu]
    assert all(each["gpu.low_hours"] in (0, each["gpu.busy_hours"]) for each in found)
    low = [each["gpu.utilization"] <= 40 for each in found if each["gpu.low_hours"]]
    assert len(low) > 1000
    assert all(low)


def test_some_teams_are_known_only_by_their_namespace(demo):
    namespaces = {
        row["namespace"] for row in demo.usage("gpu-prod") if row["metric"] == "gpu.hours" and not row["team"]
    }
    assert namespaces == {"search-ranking", "data-notebooks"}


def test_training_claims_leave_some_of_the_pool_to_nobody_every_day(demo):
    rates = {"training.gpu_hours": Decimal("2.10"), "experiment.runs": Decimal("14.00")}
    claimed, pool = defaultdict(Decimal), defaultdict(Decimal)
    for row in demo.usage("training"):
        claimed[row["hour"][:10]] += rates[row["metric"]] * Decimal(row["quantity"])
    for row in demo.bill("azure"):
        if '"training"' in row["Tags"]:
            pool[row["ChargePeriodStart"][:10]] += Decimal(row["EffectiveCost"])
    assert len(pool) == demo.plan.days
    for day, cost in pool.items():
        assert Decimal("0.6") < claimed[day] / cost < 1
