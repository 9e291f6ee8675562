"""Holes, zeros and habits of sources, from what real cycles stored."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert

from alerts.detect.freshness import FreshnessPolicy, allowed_silence
from attributor.jobs.leadership import Leadership
from attributor.ledger.estimates import EstimatedDay, EstimateLine, Estimation, record_estimates
from attributor.ledger.tables import coverage, source_silences
from attributor.watching.silent import source_facts
from attributor.watching.told import compared_days, covered_spans, told_daily

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
USAGE = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/aws.csv"}
  gw: {type: usage, path: "usage/*.csv", stale_after: 5h}
teams: {search: {}}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
"""


def bill(company, *services: str, days=range(1, 26)) -> None:
    rows = [f"2026-11-{day:02} 50 team=search {service}" for day in days for service in services]
    company.bill(*rows, *(f"2026-11-{day:02} 50 team=search EC2" for day in range(1, 26)))


def test_a_service_that_a_bill_suddenly_tells_nothing_of_is_told(company) -> None:
    bill(company, "S3", days=range(1, 24))
    report = company.cycle(NOW)
    assert "freshness:aws:zero" in report.firing
    alert = company.app.alert_log.states()["freshness:aws:zero"].alert
    assert alert.title == "aws tells nothing of S3"
    assert alert.summary.startswith("aws tells nothing of S3 since 2026-11-24"), "the 25th is not complete"
    bill(company, "S3")
    assert "freshness:aws:zero" not in company.cycle(NOW + timedelta(hours=1)).firing


@pytest.mark.slow
def test_time_that_was_never_told_is_a_hole_and_no_zero(make) -> None:
    company = make(USAGE)
    bill(company)
    company.usage(*(f"2026-11-{day:02}T08 requests gw 5 search" for day in range(1, 25) if day != 20))
    company.cycle(NOW)
    gap = (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    spans = [(datetime(2026, 11, 1, tzinfo=UTC), gap[0]), (gap[1], datetime(2026, 11, 25, tzinfo=UTC))]
    with company.engine.begin() as connection:
        connection.execute(delete(coverage).where(coverage.c.source == "gw"))
        connection.execute(insert(coverage), [{"source": "gw", "start": start, "end": end} for start, end in spans])
    assert [each.spans for each in covered_spans(company.engine, {"gw"}, NOW)] == [tuple(spans)]
    [told] = told_daily(company.engine, {"gw"}, NOW)
    assert (told.name, told.currency) == ("requests", "")
    assert told.days == tuple((date(2026, 11, day), Decimal(5)) for day in range(1, 25) if day != 20)
    assert "freshness:gw:holes" in company.cycle(NOW + timedelta(minutes=1)).firing


def test_a_habit_stands_in_the_place_of_a_limit_that_nobody_gave(company) -> None:
    bill(company)
    company.cycle(NOW)
    limit = {"aws": 2 * DAY}
    [facts] = source_facts(company.engine, limit, NOW, given=())
    assert (facts.limit, facts.habit) == (2 * DAY, None), "until a habit is known"
    rows = [{"source": "aws", "day": date(2026, 11, day), "seconds": 40 * 3600} for day in range(10, 15)]
    with company.engine.begin() as connection:
        connection.execute(insert(source_silences), rows)
    [facts] = source_facts(company.engine, limit, NOW, given=())
    assert (facts.limit, facts.habit) == (None, timedelta(hours=40))
    assert allowed_silence(facts, FreshnessPolicy()) == timedelta(hours=64)
    [facts] = source_facts(company.engine, limit, NOW, given={"aws"})
    assert facts.limit == 2 * DAY


def test_each_cycle_notes_how_long_a_source_had_told_of_nothing_new(company) -> None:
    for day in range(1, 6):
        company.bill(*(f"2026-11-{each:02} 50 team=search" for each in range(1, day + 1)))
        company.cycle(datetime(2026, 11, day + 1, 8, tzinfo=UTC))
    [facts] = source_facts(company.engine, {"aws": 2 * DAY}, NOW, given=())
    assert facts.habit == timedelta(hours=32), "a day's bill comes at eight, when the day before ended 32 hours ago"


def test_a_bill_and_its_estimate_are_compared_on_days_that_are_billed(company) -> None:
    bill(company)
    company.cycle(NOW)
    leadership = Leadership(company.engine, company.app.holder, company.app.clock)
    days = [date(2026, 11, day) for day in range(1, 15)]
    estimation = Estimation(
        days=tuple(EstimatedDay("aws", day, "billed", "", "") for day in days),
        lines=tuple(
            EstimateLine("aws", day, "AWS", "Bedrock", "USD", Decimal(100), Decimal(100 if day.day < 12 else 190))
            for day in days
        ),
        removed=(),
        stored={},
    )
    record_estimates(company.engine, leadership.ensure(), estimation, NOW)
    leadership.release()
    found = compared_days(company.engine, NOW)
    assert [(each.service, each.estimated, each.billed) for each in found][-1] == ("Bedrock", 100, 190)
    assert len(found) == 14
