"""Estimates in the ledger, on both databases."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from attributor.ledger.collected import collected_days
from attributor.ledger.estimates import (
    EstimatedDay,
    EstimateLine,
    Estimation,
    estimate_lines,
    estimated_days,
    record_estimates,
)
from attributor.ledger.lease import Lease, LeaseLostError, acquire
from attributor.ledger.tables import control_sums, restatements
from attributor.periods import Month
from attributor.reports.variance import variance

D1, D2 = date(2026, 11, 18), date(2026, 11, 19)


def of_day(day: date, state: str = "estimated", bill: str = "b") -> EstimatedDay:
    return EstimatedDay("llm", day, state, bill, "u")  # type: ignore[arg-type]


def line(day: date, estimated: str, billed: str = "0", service: str = "Chat", source: str = "llm") -> EstimateLine:
    return EstimateLine(source, day, "OpenAI", service, "USD", Decimal(estimated), Decimal(billed))


@pytest.fixture
def recorded(ledger_engine: Engine, lease: Lease, now: datetime, stored_day) -> Engine:
    stored = {"llm.estimated": (stored_day(D1, 3, "1.000000000001"), stored_day(D2, 3, "2"))}
    lines = (line(D1, "1.000000000001"), line(D2, "2", "0.5"))
    record_estimates(ledger_engine, lease, Estimation((of_day(D1), of_day(D2)), lines, (), stored), now)
    return ledger_engine


def test_what_is_recorded_is_read_back_to_the_last_unit(recorded: Engine) -> None:
    assert set(estimated_days(recorded)) == {("llm", D1), ("llm", D2)}
    assert estimate_lines(recorded, [D1]) == (line(D1, "1.000000000001"),)
    assert collected_days(recorded, "charges")["llm.estimated", D1].version == 3


def test_a_day_derived_anew_takes_the_place_of_the_old_one_and_is_no_restatement(
    recorded: Engine, lease: Lease, now: datetime, stored_day
) -> None:
    stored = {"llm.estimated": (stored_day(D1, 4, None),)}
    changed = Estimation((of_day(D1, "billed", "c"),), (line(D1, "1", "3", "Other"),), (), stored)
    record_estimates(recorded, lease, changed, now)
    assert estimate_lines(recorded, [D1, D2]) == (line(D1, "1", "3", "Other"), line(D2, "2", "0.5"))
    assert estimated_days(recorded)["llm", D1] == of_day(D1, "billed", "c")
    with recorded.connect() as connection:
        assert connection.scalars(select(control_sums.c.day)).all() == [D2]
        assert connection.scalars(select(restatements.c.day)).all() == []


def test_a_day_that_no_price_stands_for_is_forgotten(recorded: Engine, lease: Lease, now: datetime) -> None:
    record_estimates(recorded, lease, Estimation((), (), (("llm", D2),), {}), now)
    assert set(estimated_days(recorded)) == {("llm", D1)}
    assert estimate_lines(recorded, [D2]) == ()


def test_a_leader_that_lost_its_lease_writes_nothing(recorded: Engine, lease: Lease, now: datetime) -> None:
    assert acquire(recorded, "leader", "elsewhere:2:2", now + timedelta(minutes=5), timedelta(minutes=1))
    with pytest.raises(LeaseLostError):
        record_estimates(recorded, lease, Estimation((of_day(D1, "billed"),), (), (), {}), now)
    assert estimated_days(recorded)["llm", D1].state == "estimated"


def test_variance_sums_what_is_billed_and_tells_the_rest_apart(recorded: Engine, lease: Lease, now: datetime) -> None:
    days = (of_day(D1, "billed"), EstimatedDay("", D1, "beside", "", "u"))
    lines = (
        line(D1, "1", "3"),
        line(D1, "5", "4.5", "Embeddings"),
        line(D1, "7", source="", service="Lab"),
    )
    record_estimates(recorded, lease, Estimation(days, lines, (), {}), now)
    report = variance(recorded, Month(2026, 11))
    assert [(row.values, row.difference) for row in report.rows] == [
        (("OpenAI", "Chat"), Decimal(2)),
        (("OpenAI", "Embeddings"), Decimal("-0.5")),
    ]
    assert [(row.currency, row.estimated, row.billed) for row in report.totals] == [("USD", 6, Decimal("7.5"))]
    assert [(row.values, row.estimated, row.billed) for row in report.open] == [(("OpenAI", "Chat"), 2, Decimal("0.5"))]
    assert [(row.values, row.estimated) for row in report.beside] == [(("OpenAI", "Lab"), 7)]
    by_day = variance(recorded, Month(2026, 11), ("day",))
    assert [row.values for row in by_day.rows] == [("2026-11-18",)]
    assert variance(recorded, Month(2026, 10)).rows == ()
