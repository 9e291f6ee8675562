"""Daily spend as the anomaly detector gets it: zero is not missing, and a day that still grows is marked."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from attributor.cli.main import attributor
from attributor.ledger.tables import outbox
from attributor.periods import month_of
from attributor.reports.open_alerts import noted_alerts
from attributor.reports.team import team_report
from attributor.reports.view import View
from attributor.watching.spend import spend_series

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)


def series_of(company, team: str, service: str = "EC2"):
    [found] = [each for each in spend_series(company.engine, NOW) if (each.team, each.service) == (team, service)]
    return found


def days_of(company, team: str, service: str = "EC2") -> dict[int, Decimal]:
    return {each.day.day: each.amount for each in series_of(company, team, service).days}


def test_a_covered_day_without_charges_is_zero(company) -> None:
    company.bill(*(f"2026-11-{day:02} 5 team=search" for day in range(1, 6)), "2026-11-02 7.5 team=ads")
    company.cycle()
    assert days_of(company, "ads") == {1: 0, 2: Decimal("7.5"), 3: 0, 4: 0, 5: 0}
    assert series_of(company, "ads").source_since == date(2026, 11, 1)


def test_a_day_that_the_bill_has_a_gap_on_is_left_out(company) -> None:
    company.bill(*(f"2026-11-{day:02} 5 team=search" for day in (1, 2, 5, 6)), "2026-11-01 1 team=ads")
    company.cycle()
    assert days_of(company, "search") == {1: 5, 2: 5, 5: 5, 6: 5}
    assert days_of(company, "ads") == {1: 1, 2: 0, 5: 0, 6: 0}


def test_the_newest_day_of_a_bill_is_not_complete(company) -> None:
    company.bill(*(f"2026-11-{day:02} 5 team=search" for day in (8, 9, 10)))
    company.cycle()
    assert [each.complete for each in series_of(company, "search").days] == [True, True, False]


def complete_with_another_bill(company, *days: str) -> date:
    """The last complete day of search, whose costs are on two bills: one until the 11th, and one with these days."""
    text = (company.folder / "attributor.yaml").read_text()
    another = 'sources:\n  other: {type: focus, path: "bills/other.csv"}\n'
    company.write("attributor.yaml", text.replace("sources:\n", another))
    company.bill(*(f"2026-11-{day:02} 5 team=search" for day in range(1, 12)))
    company.bill(*(f"{day} 1 team=search" for day in days), name="other")
    company.cycle()
    return max(each.day for each in series_of(company, "search").days if each.complete)


def test_a_day_is_complete_when_every_bill_has_told_of_it(company) -> None:
    assert complete_with_another_bill(company, "2026-11-05", "2026-11-08") == date(2026, 11, 5), "the 6th is a gap"


def test_a_bill_that_stalled_is_not_waited_for(company) -> None:
    assert complete_with_another_bill(company, "2026-10-30", "2026-10-31") == date(2026, 11, 10)


def test_purchases_taxes_and_what_is_nobodys_are_left_out(company) -> None:
    company.bill(
        "2026-11-05 5 team=search EC2",
        "2026-11-05 900 team=search EC2 Purchase",
        "2026-11-05 19 team=search EC2 Tax",
        "2026-11-05 -3 team=search EC2 Credit",
        "2026-11-05 50 who=knows EC2",
    )
    company.cycle()
    assert [(each.team, each.days[0].amount) for each in spend_series(company.engine, NOW)] == [("search", 5)]


def test_services_are_series_of_their_own_and_what_drove_a_day_is_told_largest_first(company) -> None:
    company.bill(
        "2026-11-10 5 team=search EC2 Usage 111",
        "2026-11-10 6 team=search EC2 Usage 222",
        "2026-11-10 1 team=search S3",
    )
    company.cycle()
    assert days_of(company, "search", "S3") == {10: 1}
    drivers = series_of(company, "search").drivers[date(2026, 11, 10)]
    assert [(each.label, each.amount) for each in drivers] == [("222", 6), ("111", 5)]


def test_a_day_that_is_estimated_does_not_wait_for_its_bill(company) -> None:
    text = (company.folder / "attributor.yaml").read_text()
    usage = 'sources:\n  gateway: {type: usage, path: "usage/*.csv"}\n'
    price = "prices: [{metric: m, price: 2, replaces: {source: aws, match: {ServiceName: EC2}}}]\n"
    company.write("attributor.yaml", text.replace("sources:\n", usage) + price)
    company.bill(*(f"2026-11-{day:02} {cost} team=search {service}" for day in (7, 8) for cost, service in BOTH))
    company.write(
        "usage/m.csv", "hour,metric,quantity,team", *(f"2026-11-{d:02}T03:00Z,m,4,search" for d in (8, 9, 10))
    )
    company.cycle()
    assert days_of(company, "search") == {7: 5, 8: 8, 9: 8, 10: 8}, "the bill of the 8th may still grow"
    complete = [each.day.day for each in series_of(company, "search").days if each.complete]
    assert complete == [7, 8, 9], "usage of the newest day may still come"
    assert [each.complete for each in series_of(company, "search", "S3").days] == [True, False]


BOTH = ((5, "EC2"), (1, "S3"))


@pytest.mark.slow
def test_spend_that_vanished_is_noted_and_is_no_alarm(company) -> None:
    days = [date(2026, 10, 12) + timedelta(days=place) for place in range(31)]
    gone = [f"{day} {0 if day >= date(2026, 11, 8) else 90} team=search" for day in days]
    company.bill(*gone, *(f"{day} 5 team=ads S3" for day in days))
    assert not [key for key in company.cycle().firing if "drop" in key]
    with company.engine.connect() as connection:
        [note] = noted_alerts(connection, "search")
        assert noted_alerts(connection, "ads") == ()
        assert connection.execute(select(outbox.c.id).where(outbox.c.body.contains("spend_drop"))).all() == []
    assert (note.key, note.status, note.title) == (
        "spend_drop:search:EC2:2026-11-08",
        "noted",
        "Spend vanished: EC2",
    )
    company.cycle(NOW + timedelta(hours=6))
    with company.engine.connect() as connection:
        [later] = noted_alerts(connection)
    assert (later.first_seen, later.last_seen) == (NOW, NOW + timedelta(hours=6))
    listing = ["-c", str(company.folder / "attributor.yaml"), "alerts", "list", "--all", "--format", "json"]
    answer = CliRunner().invoke(attributor, listing, catch_exceptions=False)
    listed = {alert["key"]: alert["status"] for alert in json.loads(answer.stdout)["alerts"]}
    assert listed[note.key] == "noted"
    report = team_report(company.engine, company.teams, "search", View(month_of(NOW.date()), NOW))
    assert [each.key for each in report.notes] == [note.key]
