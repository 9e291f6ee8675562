"""Like is compared with like: of each source, the days that it has told of in both months."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from attributor.ledger.tables import publications, rollup, team_days
from attributor.periods import Month
from attributor.reports.lines import cost_lines
from attributor.reports.overview import overview
from attributor.reports.team import team_report
from attributor.reports.told import told
from attributor.reports.view import View, frame

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)


def sept(day: int) -> date:
    return date(2026, 9, day)


def octo(day: int) -> date:
    return date(2026, 10, day)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.fixture
def see(engine, now):
    def see(month: Month = OCTOBER, at: datetime = now):
        return overview(engine, {}, View(month, at))

    return see


@pytest.fixture
def put_days(put_costs):
    """Charge 1 on each of the days [first, end)."""

    def put(first: date, end: date, source: str = "bill") -> None:
        days = [first + timedelta(days=offset) for offset in range((end - first).days)]
        put_costs([{"cost": "1", "day": day, "source": source} for day in days])

    return put


def test_an_open_month_is_compared_by_the_days_that_its_source_has_told_of(see, put_cost, put_published):
    put_published(sept(1), octo(11))
    put_cost("10", day=octo(10))
    put_cost("7", day=sept(10))
    put_cost("1000", day=sept(11))
    found = see()
    assert (found.total, found.previous, found.change) == (10, 7, 3)
    assert found.heading.through == octo(10)
    assert found.heading.whole_until == octo(11)
    assert found.heading.comparison.spans == {(sept(1), sept(10))}
    assert not found.heading.comparison.whole


def test_today_is_never_compared_because_it_is_not_over(see, put_cost, put_published):
    put_published(sept(1), octo(21))
    put_cost("5", day=octo(20))
    put_cost("100", day=sept(20))
    found = see()
    assert (found.total, found.previous, found.change) == (5, 0, 0)


def test_each_source_is_compared_by_its_own_days(see, put_cost, put_published):
    put_published(sept(1), octo(16), "slow")
    put_published(sept(1), octo(20), "quick")
    for source in ("slow", "quick"):
        put_cost("1", source=source, day=sept(17))
        put_cost("10", source=source, day=octo(17))
    found = see()
    assert (found.total, found.previous, found.change) == (20, 1, 9)
    assert found.heading.whole_until == octo(16)


def test_a_month_that_is_known_from_the_eighth_on_is_compared_from_the_eighth_on(see, put_days, put_published):
    put_published(sept(8), octo(16))
    put_days(sept(8), octo(16))
    found = see()
    assert (found.total, found.previous, found.change) == (15, 8, 0)
    assert found.heading.comparison.spans == {(sept(8), sept(15))}
    assert [(span.source, span.first) for span in found.heading.comparison.cut] == [("bill", sept(8))]


def test_a_closed_month_beside_one_that_is_known_in_part_is_compared_by_the_same_days(see, put_days, put_published):
    put_published(date(2026, 8, 20), octo(16))
    put_days(date(2026, 8, 20), octo(16))
    found = see(SEPTEMBER)
    assert (found.total, found.previous, found.change) == (30, 11, 0), "20 to 30 August: the 31st has no counterpart"


def test_the_first_month_is_compared_with_nothing(see, put_days, put_published):
    put_published(octo(2), octo(16))
    put_days(octo(2), octo(16))
    found = see()
    assert (found.total, found.previous, found.change) == (14, 0, 0)
    assert not found.heading.comparison.is_possible


def test_a_source_that_is_new_this_month_changes_nothing(see, put_days, put_published):
    put_published(sept(1), octo(16))
    put_published(octo(5), octo(16), "new")
    put_days(sept(1), octo(16))
    put_days(octo(5), octo(16), "new")
    found = see()
    assert (found.total, found.previous, found.change) == (26, 15, 0)
    assert [(span.source, span.first) for span in found.heading.comparison.cut] == [("new", None)]


def test_a_source_that_fell_silent_long_ago_is_not_spoken_of(see, put_published):
    put_published(date(2026, 6, 1), date(2026, 7, 1), "gone")
    put_published(sept(1), octo(16))
    assert [span.source for span in see().heading.comparison.sources] == ["bill"]


def test_days_that_a_source_did_not_cover_are_left_out_of_both_months(see, put_days, put_published, put_covered):
    put_published(sept(1), octo(16))
    put_covered(midnight(date(2026, 8, 1)), midnight(sept(4)))
    put_covered(midnight(sept(6)) + timedelta(hours=1), midnight(octo(16)))
    put_days(sept(1), octo(16))
    found = see()
    assert (found.total, found.previous, found.change) == (15, 12, 0), "4 and 5 are a gap, the 6th begins at one"


def test_a_covered_day_without_charges_is_compared_as_nothing(see, put_cost, put_published, put_covered):
    put_published(sept(1), octo(16))
    put_covered(midnight(sept(1)), midnight(octo(16)))
    put_cost("5", day=sept(15))
    found = see()
    assert (found.previous, found.change) == (5, -5)


def test_what_is_collected_and_not_published_is_not_compared(see, put_cost, put_published, put_covered):
    put_published(sept(1), octo(10))
    put_covered(midnight(sept(1)), midnight(octo(19)))
    put_cost("5", day=sept(15))
    found = see()
    assert (found.previous, found.change) == (0, 0)
    assert found.heading.whole_until == octo(10)


def test_publications_of_usage_say_nothing_about_charges(see, put_cost, put_published):
    put_published(sept(1), octo(16))
    put_published(sept(1), octo(21), "gpus", version=-1)
    put_cost("5", day=octo(15))
    found = see()
    assert found.heading.through == octo(15)
    assert [span.source for span in found.heading.comparison.sources] == ["bill"]


def test_closed_months_are_compared_as_a_whole_whatever_their_lengths(see, put_cost, put_published):
    put_published(date(2026, 8, 1), octo(16))
    put_cost("10", day=date(2026, 8, 31))
    put_cost("4", day=sept(1))
    found = see(SEPTEMBER)
    assert (found.total, found.previous, found.change) == (4, 10, -6)
    assert found.heading.comparison.whole
    assert found.forecast is None
    assert not found.heading.is_open


def test_a_day_of_a_long_month_has_no_counterpart_in_a_short_one(see, put_cost, put_published):
    put_published(date(2026, 2, 1), date(2026, 3, 31))
    put_cost("1", day=date(2026, 2, 28))
    put_cost("100", day=date(2026, 3, 1))
    put_cost("1000", day=date(2026, 3, 29))
    found = see(Month(2026, 3), datetime(2026, 3, 31, 12, tzinfo=UTC))
    assert (found.total, found.previous, found.change) == (1100, 1, 99)


def test_a_source_that_stalled_is_not_waited_for(engine, put_published, now):
    put_published(sept(1), sept(20), "stalled")
    put_published(sept(1), octo(16))
    with engine.connect() as connection:
        assert frame(connection, View(OCTOBER, now)).whole_until == octo(16)
        assert told(connection, OCTOBER).through == octo(15)


spans = st.tuples(st.dates(sept(1), octo(12)), st.dates(sept(20), octo(31)))
costs = st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.dates(sept(1), octo(31)), st.integers(-9, 9))


@pytest.mark.slow
@settings(max_examples=at_most(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({"a": spans, "b": spans}), st.lists(costs, max_size=25), st.sampled_from([20, 40]))
def test_however_sources_have_told_all_lines_agree_with_a_plain_count(
    engine, put_costs, put_published, told_spans, charges, age
):
    with engine.begin() as connection:
        connection.execute(delete(rollup))
        connection.execute(delete(team_days))
        connection.execute(delete(publications))
    for source, (first, last) in told_spans.items():
        put_published(first, max(first, last) + timedelta(days=1), source)
    put_costs([{"cost": str(cost), "source": source, "team": team, "day": day} for source, team, day, cost in charges])
    view = View(OCTOBER, midnight(octo(1)) + timedelta(days=age))
    found = overview(engine, {}, view)
    with engine.connect() as connection:
        seen = frame(connection, view)
        lines = cost_lines(connection, seen, rollup.c.team)
    assert [(line.team, line.cost, line.previous, line.change) for line in found.teams] == [
        (line.name, line.cost, line.previous, line.change) for line in lines
    ]
    days = {each.source: (set(each.days), set(each.previous)) for each in seen.sources}
    previous = sum(cost for source, _, day, cost in charges if day in days[source][1])
    compared = sum(cost for source, _, day, cost in charges if day in days[source][0])
    assert (found.previous, found.change) == (previous, compared - previous)
    assert found.total == sum(cost for _, _, day, cost in charges if day >= octo(1))


def test_a_team_is_compared_by_the_same_days_as_the_company(engine, now, put_days, put_published):
    put_published(sept(8), octo(16))
    put_days(sept(8), octo(16))
    found = team_report(engine, {}, "search", View(OCTOBER, now))
    assert (found.total, found.previous, found.change) == (Decimal(15), 8, 0)
    for lines in (found.services, found.drivers, found.rules):
        assert [(line.previous, line.change) for line in lines] == [(8, 0)]
