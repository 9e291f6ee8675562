"""What wants attention on the pages: alerts, failed messages, runs that went wrong, months that are known in part."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest
from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from alerts.alert import ChartPoint
from attributor.ledger import tables
from attributor.periods import days_between
from attributor.reports.health import DeliveryFailure, Run
from attributor.reports.open_alerts import OpenAlert
from attributor.web.alert_lists import leading, small_bars
from attributor.web.run_lines import failed_deliveries, run_line

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
ALERT = OpenAlert(
    "a", "budget", "ads", "info", "firing", "Title", "", "USD", None, None, AT, AT, AT, "/teams/ads", (), ()
)


@pytest.fixture(scope="module")
def client(company: Engine, make_site) -> TestClient:
    return TestClient(make_site(company))


def test_an_alert_leads_from_the_overview_to_itself_on_the_page_of_its_team(client):
    page = client.get("/").text
    address, anchor = re.findall(r'href="(/teams/support\?month=2026-11)#(alert-[0-9a-f]+)"', page)[0]
    assert '<data value="390">$390.00</data> <span class="quiet">against <data value="130">$130.00' in page
    assert "since 18 Nov" in page
    team = client.get(address).text
    assert f'id="{anchor}"' in team
    assert "claude-sonnet-4-5 · org-2" in team
    assert '<data value="366.6">$366.60</data>' in team
    assert team.count('<rect class="is-marked"') == 4


def test_an_alert_about_no_team_says_what_it_is_about(client):
    address = re.findall(r'<a href="/health#(alert-[0-9a-f]+)">Source</a>', client.get("/").text)[0]
    assert f'id="{address}"' in client.get("/health").text
    assert [alert["key"] for alert in client.get("/health.json").json()["alerts"]] == ["freshness:gcp"]


def test_many_alerts_leave_none_of_the_kinds_out():
    budgets = [replace(ALERT, key=str(number)) for number in range(20)]
    alerts = [*budgets, replace(ALERT, key="last", kind="idle_gpu")]
    shown, rest = leading(alerts, 8)
    assert [alert.key for alert in shown] == ["0", "1", "2", "3", "4", "5", "6", "last"]
    assert len(rest) == 13
    assert leading(alerts[:3], 8) == (tuple(alerts[:3]), ())


def test_small_bars_stand_on_the_ground_and_leave_out_what_is_negative():
    points = [ChartPoint("1", Decimal(4)), ChartPoint("2", Decimal(-1)), ChartPoint("3", Decimal(1), marked=True)]
    assert [(bar.at, bar.top, bar.height, bar.marked) for bar in small_bars(points)] == [
        (0, "0.0", "24.0", False),
        (2, "18.0", "6.0", True),
    ]
    assert small_bars([]) == small_bars([ChartPoint("1", Decimal(0))]) == ()


def test_a_run_is_told_in_words(client):
    page = client.get("/health").text
    assert "12,345 rows of aws; 2 days attributed; 1 message sent; 2 messages failed" in page
    assert '<span class="wrong block">gcp: 403, may not list</span>' in page
    assert "pool training is idle" in page
    assert "1 min 15 s" in page
    assert "nothing new" in page
    assert "not finished" in page
    assert "changed_days" not in page
    assert '"changed_days"' in client.get("/health.json").json()["runs"][1]["summary"], "the contract stays a text"


@pytest.mark.parametrize("summary", ["nine sources", "[1]", "7", '{"sources": 1}', '{"failures": [{}]}', '"text"'])
def test_a_summary_that_is_no_document_of_a_cycle_is_shown_as_it_stands(summary):
    assert run_line(Run("r", AT, AT, summary)).done == summary
    assert run_line(Run("r", AT, None, None)).done == ""


def test_messages_that_failed_alike_are_one_line(client):
    page = client.get("/health").text
    assert page.count("404 no_service") == 1
    assert "2 messages about ads, search" in page
    assert "Given up" in page
    assert "the next at 18 Nov 2026, 10:30 UTC" in page
    assert len(client.get("/health.json").json()["failures"]) == 3


def test_what_was_given_up_comes_before_what_is_tried_again():
    pending = DeliveryFailure("b", "ads", "firing", "pending", 1, None, AT, AT)
    found = failed_deliveries([pending, replace(pending, channel="a"), replace(pending, state="failed", channel="z")])
    assert [(line.channel, line.due_at) for line in found] == [("z", None), ("a", AT), ("b", AT)]


def test_a_month_beside_one_that_is_known_in_part_says_so(client):
    page = client.get("/?month=2026-09").text
    assert "August is known from the 15th on: changes compare with 15–30 August." in page
    assert "on 15–30 August" in page
    assert "is known from" not in client.get("/?month=2026-10").text
    assert "on September" in client.get("/?month=2026-10").text


def test_the_first_month_has_no_column_of_changes(client):
    page = client.get("/?month=2026-08").text
    assert "No day is known in both July and August: nothing is compared." in page
    assert "August 2026, from 15 Aug on" in page
    assert "Change</th>" not in page
    assert "Change</th>" not in client.get("/teams/search?month=2026-08").text


def test_sources_that_are_known_differently_are_named(tmp_path, make_site, make_ledger, make_rows):
    engine = make_ledger(tmp_path)
    known = {"aws": date(2026, 10, 1), "llm": date(2026, 10, 8), "new": date(2026, 11, 3)}
    rows = [
        make_rows.published(source, day)
        for source, first in known.items()
        for day in days_between(first, date(2026, 11, 18))
    ]
    with engine.begin() as connection:
        connection.execute(insert(tables.publications), rows)
        make_rows.put(connection, make_rows.cost(date(2026, 11, 3), "5", "ads"))
    page = TestClient(make_site(engine)).get("/").text
    assert "Changes leave out what is not known in both October and November: llm before 8 Oct and new." in page
    assert "on the same days of October" in page


def test_a_purchase_is_told_beside_the_chart_and_not_drawn_in_it(client):
    page = client.get("/teams/research").text
    assert "Usage only: purchases of $24,000 are not drawn." in page
    drawn = [float(cost) for cost in re.findall(r'"cost":([0-9.]+)', page)]
    assert 0 < max(drawn) < 24000  # by the day, and by the week
    assert '<data value="24000">$24,000.00</data>' in page
    assert "Usage only: purchases" not in client.get("/teams/search").text


def test_idle_capacity_leads_to_who_answers_for_it(client):
    page = client.get("/teams/idle").text
    assert "Who answers for idle capacity" in page
    assert '<a href="/teams/research?month=2026-11">Research</a>' in page
    assert "Held, not computing" in page


def test_of_many_teams_the_first_twelve_are_shown_and_all_are_there(tmp_path, make_site, make_ledger, make_rows):
    engine = make_ledger(tmp_path)
    with engine.begin() as connection:
        for number in range(30):
            row = make_rows.cost(date(2026, 11, 3), str(100 - number), f"team-{number}")
            make_rows.put(connection, row)
        connection.execute(insert(tables.publications).values(make_rows.published("aws", date(2026, 11, 3))))
    page = TestClient(make_site(engine)).get("/").text
    assert "Show all 30 teams" in page
    head, rest = page.split('<tbody class="is-rest">', 1)
    assert head.count('<th scope="row"><a href="/teams/team-') == 12
    assert rest.count('<th scope="row"><a href="/teams/team-') == 18


def test_the_latest_month_is_that_of_charges_and_not_of_usage(tmp_path, make_site, make_ledger, make_rows):
    engine = make_ledger(tmp_path)
    usage = make_rows.published("gpus", date(2026, 11, 1)) | {"charges_version": -1}
    with engine.begin() as connection:
        connection.execute(insert(tables.publications), [make_rows.published("aws", date(2026, 10, 3)), usage])
    heading = TestClient(make_site(engine)).get("/overview.json").json()["heading"]
    assert (heading["period"], heading["since"], heading["through"]) == ("2026-10", "2026-10-03", "2026-10-03")
    assert heading["comparison"] == {
        "period": "2026-09",
        "whole": False,
        "sources": [{"source": "aws", "first": None, "last": None}],
    }


def test_days_of_closed_months_that_a_run_corrected_are_told():
    done = {"sources": [], "failures": [], "warnings": [], "attributed_days": [], "messages": {}}
    for days, told in ([], "nothing new"), (["2026-10-01"], "1 day of closed months corrected"):
        summary = orjson.dumps({**done, "corrected_days": days}).decode()
        assert run_line(Run("r", AT, AT, summary)).done == told
