"""Trends in rows: from nothing upwards, of whole days alone, and in words too."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from attributor.money import total
from attributor.periods import Month, parse_period
from attributor.reports.overview import overview
from attributor.reports.view import View
from attributor.web.links import Links
from attributor.web.sparks import HEIGHT, WIDTH, overview_sparks, sparks

VIEW = View(Month(2026, 11), datetime(2026, 11, 18, 9, 30, tzinfo=UTC))


@pytest.fixture(scope="module")
def heading(company, teams):
    """November through the 15th, the last day that every source has told of."""
    return overview(company, teams, VIEW).heading


def points_of(drawn):
    return [tuple(map(float, point.split(","))) for point in drawn.line.split()]


def test_the_line_rises_from_nothing_over_the_days_that_are_whole(heading):
    days = [date(2026, 11, 1) + timedelta(days=at) for at in range(18)]
    points = [(day, "a", Decimal(day.day)) for day in days] + [(days[0], "other", Decimal(5))]
    drawn = sparks(heading, {"a"}, points)
    assert set(drawn) == {"a"}
    line = points_of(drawn["a"])
    assert len(line) == 15
    assert (line[0][0], line[-1]) == (0, (WIDTH, 1))
    assert line[7][1] == pytest.approx(1 + (HEIGHT - 2) * 7 / 15, abs=0.05)
    assert drawn["a"].words == "Usage by day: first $1 on 1 Nov, last $15 on 15 Nov, at most $15"


def test_credits_go_below_the_floor_and_days_without_charges_lie_on_it(heading):
    drawn = sparks(heading, {"a"}, [(date(2026, 11, 2), "a", Decimal(-3)), (date(2026, 11, 3), "a", Decimal(6))])["a"]
    heights = [height for _, height in points_of(drawn)]
    assert heights[:3] == [13, HEIGHT - 1, 1]
    assert set(heights[3:]) == {13}
    assert drawn.area.startswith("0,13.0 ")


def test_what_has_no_usage_or_too_few_days_has_no_trend(heading):
    assert sparks(heading, {"a"}, [(date(2026, 11, 2), "a", Decimal(0))]) == {}
    begun = replace(heading, whole_until=date(2026, 11, 3))
    assert sparks(begun, {"a"}, [(date(2026, 11, 1), "a", Decimal(1))]) == {}


def test_a_long_period_is_drawn_by_parts_that_are_whole(company, teams):
    report = overview(company, teams, replace(VIEW, period=parse_period("2026-Q4")))
    drawn = overview_sparks(report, Links(VIEW, "/"))["team"]["ads"]
    assert drawn.words.startswith("Usage by 2 days: first $")
    assert "from 1 Oct, last" in drawn.words
    assert "from 14 Nov, at most" in drawn.words
    assert len(points_of(drawn)) == 23


def test_services_have_trends_whatever_the_page_is_grouped_by_and_their_days_sum_to_the_total(company, teams):
    for group in ("", "service", "provider"):
        report = overview(company, teams, replace(VIEW, group=group))
        assert total(each.cost for each in report.service_days) == report.total
        drawn = overview_sparks(report, Links(VIEW, "/"))
        assert set(drawn) == {"team", "service"} | ({group} if group else set())
        assert {"Amazon EC2", "Amazon S3"} <= set(drawn["service"])


def test_trends_stand_in_the_rows_with_their_words(company, make_site):
    page = TestClient(make_site(company)).get("/").text
    assert page.count('class="spark') > 12
    assert "<title>Usage by day: first $" in page
    assert "spark" not in TestClient(make_site(company)).get("/?period=2026-11-01..2026-11-02").text
