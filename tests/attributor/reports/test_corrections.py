"""What corrects a closed month is in the totals of the month it was posted in, and in nothing told by the day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, insert, select

from attributor.ledger.statement_content import StatementContent
from attributor.ledger.statements import Statement, record_statement
from attributor.ledger.tables import corrections
from attributor.periods import Month, days_between
from attributor.reports.outlook import Outlook
from attributor.reports.overview import overview
from attributor.reports.reconcile import reconcile, reconcile_document
from attributor.reports.showback import ShowbackRequest, showback
from attributor.reports.team import team_report
from attributor.reports.view import View
from attributor.watching.spend import spend_series
from attributor.watching.unclaimed import unattributed_days
from rules.ruleset import Budget, Team

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
TEAMS = {"search": Team("search", budget=Budget(Decimal(1000)))}
POSTED = date(2026, 10, 15)


@pytest.fixture
def put_correction(engine: Engine, put_cost):
    """Post one row that corrects a day of September."""

    def put(cost: str, day: date = date(2026, 9, 20), posted_on: date = POSTED, **given) -> None:
        put_cost(cost, day=posted_on, corrects="2026-09", corrected_day=day, billing_month="2026-09", **given)
        row = {"day": day, "month": "2026-09", "posted_on": posted_on, "charges_versions": "{}", "epoch": 1}
        row |= {"allocations_version": 1, "usage_versions": "{}", "rules_digest": "r", "inputs_digest": "i"}
        row["posted_at"] = datetime(2026, 10, 15, tzinfo=UTC)
        with engine.begin() as connection:
            number = len(connection.execute(select(corrections).where(corrections.c.day == day)).all()) + 1
            connection.execute(insert(corrections).values(row | {"number": number}))

    return put


@pytest.fixture
def usual(engine: Engine, put_cost, put_published) -> None:
    """Two months in which search costs 10 a day, told through the 19th of October."""
    put_published(SEPTEMBER.first, date(2026, 10, 20))
    for day in days_between(SEPTEMBER.first, date(2026, 10, 20)):
        put_cost("10", day=day, service="EC2", category="Usage")


def close(engine: Engine, month: Month) -> None:
    with engine.begin() as connection:
        content = StatementContent("d", {}, {})
        record_statement(connection, Statement(month, 0, datetime(2026, 10, 3, tzinfo=UTC), "ana", "r", content))


def of_team(engine: Engine, now: datetime):
    return team_report(engine, TEAMS, "search", View(OCTOBER, now))


def test_showback_has_them_in_the_total_and_tells_them_apart_where_asked(engine, usual, put_correction) -> None:
    put_correction("3")
    put_correction("-1", team="ads")
    found = showback(engine, ShowbackRequest(OCTOBER))
    assert (found.total, {row.values: row.cost for row in found.rows}) == (192, {("search",): 193, ("ads",): -1})
    by = showback(engine, ShowbackRequest(OCTOBER, by=("corrects", "team")))
    assert {row.values: row.cost for row in by.rows} == {
        ("", "search"): 190,
        ("2026-09", "search"): 3,
        ("2026-09", "ads"): -1,
    }
    assert showback(engine, ShowbackRequest(SEPTEMBER)).total == 300
    invoiced = showback(engine, ShowbackRequest(SEPTEMBER, period_by="billing"))
    assert invoiced.total == 2, "only the corrections' charges are on September's invoice here"


def test_pages_have_them_in_the_total_and_in_no_change_burn_rate_or_usage(engine, usual, put_correction, now) -> None:
    before = of_team(engine, now)
    put_correction("70", service="EC2", category="Usage")
    put_correction("7", service="EC2", category="Tax")
    after = of_team(engine, now)
    assert (before.total, after.total) == (190, 267)
    assert (after.change, after.previous, after.burn_rate) == (before.change, before.previous, before.burn_rate)
    assert after.services[0].change == before.services[0].change
    assert [(line.category, line.corrects, line.cost) for line in after.categories] == [
        ("Usage", "", 190),
        ("Correction", "2026-09", 77),
    ]
    [posted] = [day for day in after.days if day.day == POSTED]
    assert (posted.cost, posted.usage) == (87, 10)
    assert after.budget.spent == 267
    assert isinstance(before.forecast, Outlook)
    assert after.forecast.amount == before.forecast.amount + 77


def test_the_overview_sums_with_them(engine, usual, put_correction, now) -> None:
    before = overview(engine, TEAMS, View(OCTOBER, now))
    put_correction("70", team="ads")
    put_correction("-4", posted_on=date(2026, 10, 20))
    after = overview(engine, TEAMS, View(OCTOBER, now))
    assert (after.total, after.change) == (256, before.change)
    for parts in (after.teams, after.services, after.categories, after.days):
        assert sum(part.cost for part in parts) == 256
    for lines in (after.teams, after.services):
        assert sum(line.change for line in lines) == after.change


def test_detectors_of_days_do_not_see_them(engine, usual, put_correction, now) -> None:
    series, unclaimed = spend_series(engine, now), unattributed_days(engine, now)
    put_correction("900", service="EC2", category="Usage")
    put_correction("900", team="unattributed")
    assert spend_series(engine, now) == series
    assert unattributed_days(engine, now) == unclaimed


def test_reconcile_counts_them_where_they_correct(engine, put_cost, put_control, put_correction) -> None:
    put_control("5", day=date(2026, 9, 20))
    put_control("2")
    put_cost("3", day=date(2026, 9, 20))
    put_cost("2")
    put_correction("2")
    close(engine, SEPTEMBER)
    september = reconcile_document(reconcile(engine, SEPTEMBER))
    [source] = september["sources"]
    assert (september["difference"], source["days"]) == ("0", [])
    assert [source[name] for name in ("charges", "statement", "corrections", "allocated")] == ["5", "3", "2", "5"]
    october = reconcile_document(reconcile(engine, OCTOBER))
    assert october["difference"] == "0"
    assert "statement" not in october["sources"][0]
    put_correction("0.000000000001", day=date(2026, 9, 21))
    days = reconcile(engine, SEPTEMBER).sources[0].days
    assert {(day.day, day.difference) for day in days} == {(date(2026, 9, 21), Decimal("-0.000000000001"))}


def test_a_closed_month_says_since_when(engine, usual, now) -> None:
    close(engine, SEPTEMBER)
    assert overview(engine, TEAMS, View(SEPTEMBER, now)).heading.closed_at == datetime(2026, 10, 3, tzinfo=UTC)
    assert overview(engine, TEAMS, View(OCTOBER, now)).heading.closed_at is None
