"""GPU hours and what one costs, from stored usage and attributed bills."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from attributor.app.wiring import open_duckdb
from attributor.attributing.inputs import read_inputs
from attributor.watching.gpus import gpu_hours, gpu_rates

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/*.csv"}
  gpus: {type: usage, path: "usage/*.csv"}
teams: {search: {}, ads: {}}
rules:
  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod}}
  - {name: storage, match: {tags.cluster: disks}, split: {by: gpu.hours, pool: prod}}
  - {name: rest, owner: search}
"""


@pytest.fixture
def company(make):
    return make(CONFIG)


def rate_of(company) -> Decimal | None:
    found = gpu_rates(company.engine, company.ruleset, NOW)
    return found["prod"].per_hour if found else None


def hours_of(company) -> list:
    with open_duckdb() as connection:
        return gpu_hours(company.app.lake, connection, read_inputs(company.engine), company.ruleset, NOW)


def held(day: str, *hours: int, team: str = "search", gpus: str = "1") -> list[str]:
    return [f"2026-11-{day}T{hour:02} gpu.hours prod {gpus} {team}" for hour in hours]


def test_a_gpu_hour_costs_what_the_pool_costs_over_the_hours_that_existed(company) -> None:
    capacity = [f"2026-11-10T{hour:02} gpu.capacity_hours prod 4 " for hour in range(10)]
    company.usage(*held("10", *range(10), gpus="2"), *(f"{row}nobody" for row in capacity))
    company.bill("2026-11-10 50 cluster=prod", "2026-11-10 10 cluster=disks", "2026-11-10 999 cluster=other")
    company.cycle()
    assert rate_of(company) == Decimal("1.5"), "60 USD of both rules over 40 hours"
    assert gpu_rates(company.engine, company.ruleset, NOW)["prod"].currency == "USD"


def test_without_capacity_the_hours_held_count(company) -> None:
    company.usage(*held("10", *range(10), gpus="2"))
    company.bill("2026-11-10 50 cluster=prod")
    company.cycle()
    assert rate_of(company) == Decimal("2.5")


def test_only_days_count_that_have_both_the_pools_cost_and_its_hours(company) -> None:
    company.usage(*held("09", *range(10)), *held("10", *range(10)), *held("11", *range(10)))
    company.bill(
        "2026-11-08 70 cluster=prod",  # before the usage begins
        "2026-11-09 10 cluster=prod",
        "2026-11-10 30 cluster=prod",
        "2026-11-11 99 cluster=other",  # another bill of the 11th is there already, the cluster's is not
    )
    company.cycle()
    assert rate_of(company) == 2


def test_what_is_older_than_a_week_costs_nothing_now(company) -> None:
    company.usage(*held("01", *range(10)))
    company.bill("2026-11-01 10 cluster=prod")
    company.cycle()
    assert rate_of(company) is None


FACTS = "team,gpu,node"


def test_an_hour_is_a_gpu_that_someone_held_with_what_was_measured_of_it(company) -> None:
    company.usage(
        "2026-11-12T08 gpu.hours prod 1 search GPU-1 node-a",
        "2026-11-12T08 gpu.utilization prod 3.5 search GPU-1 node-a",
        "2026-11-12T08 gpu.samples prod 0.75 search GPU-1 node-a",
        "2026-11-12T08 gpu.hours prod 0 nobody GPU-2 node-a",
        "2026-11-12T08 gpu.utilization prod 0 nobody GPU-2 node-a",
        "2026-11-12T08 gpu.hours prod 1 ads GPU-3 node-a",
        "2026-11-12T08 gpu.utilization other 99 ads GPU-4 node-b",
        facts=FACTS,
    )
    company.bill("2026-11-10 1 cluster=other")
    company.cycle()
    rows = {row.gpu: row for row in hours_of(company)}
    assert set(rows) == {"GPU-1", "GPU-4"}, "held by nobody, or never measured, is not idle"
    one = rows["GPU-1"]
    assert (one.pool, one.team, one.node, one.hour) == ("prod", "search", "node-a", NOW.replace(hour=8, minute=0))
    assert (one.utilization, one.samples_present) == (Decimal("3.5"), Decimal("0.75"))
    assert rows["GPU-4"].samples_present == 1, "where nothing is said of samples the hour was measured"


def test_hours_older_than_a_week_are_left_out(company) -> None:
    company.usage(
        "2026-11-04T23 gpu.utilization prod 1 search GPU-1 a",
        "2026-11-05T00 gpu.utilization prod 1 search GPU-1 a",
        facts=FACTS,
    )
    company.bill("2026-11-10 1 cluster=other")
    company.cycle()
    assert [row.hour.day for row in hours_of(company)] == [5]
