"""Pages show what was read before only while it is still so."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, Table, event, update
from sqlalchemy.sql import visitors
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.ledger.editions import REPORTED
from attributor.periods import Month
from attributor.reports.budgets import budgets
from attributor.reports.gpus import gpu_report
from attributor.reports.models import models_report
from attributor.reports.narrowing import Filter
from attributor.reports.overview import overview, overview_now
from attributor.reports.quality.report import data_quality, quality_now
from attributor.reports.rule_claims import rule_claims
from attributor.reports.statement_list import statement_list, statements_now
from attributor.reports.team import team_now, team_report
from attributor.reports.unit_costs import unit_costs
from attributor.reports.view import View

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
GPU_RULE = "shared GPU cluster"
PATHS = (
    "/",
    "/teams/search",
    "/budgets",
    "/statements?month=2026-11",
    "/gpus",
    "/models",
    "/unit-costs",
    "/data-quality",
    "/rules",
)
READ_AGAIN = {
    "overview": {tables.alerts, tables.sources},
    "team": {tables.alerts, tables.alert_notes},
    "quality": {tables.sources},
    "statements": {tables.statement_deliveries},
}
"""What a report reads beside the tables of editions: `shown_reports` reads that again for each answer."""


@pytest.fixture
def engine(tmp_path, make_ledger, fill_ledger) -> Iterator[Engine]:
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    yield engine
    engine.dispose()


def reports(engine, teams, at):
    """Every kind of report that is kept, and what reads it."""
    yield "overview", lambda: overview(engine, teams, at)
    for team in ("search", "idle", "unattributed", "gone"):
        yield "team", lambda name=team: team_report(engine, {**teams, "gone": teams["search"]}, name, at, ())
    yield "budgets", lambda: budgets(engine, teams, at)
    yield "gpus", lambda: gpu_report(engine, teams, (), at)
    yield "models", lambda: models_report(engine, teams, at)
    yield "unit costs", lambda: unit_costs(engine, teams, at)
    yield "quality", lambda: data_quality(engine, (), at)
    yield "statements", lambda: statement_list(engine, teams, Month(2026, 11), NOW)
    yield "rules", lambda: rule_claims(engine, (), at)


def test_kept_reports_read_no_table_whose_change_makes_no_other_edition(engine, teams):
    read: set[Table] = set()

    def note(_connection, statement, *_):
        read.update(each for each in visitors.iterate(statement) if isinstance(each, Table))

    event.listen(engine, "before_execute", note)
    from_another = REPORTED | {tables.editions}
    for name, report in reports(engine, teams, View(Month(2026, 11), NOW)):
        read.clear()
        report()
        assert read - from_another <= READ_AGAIN.get(name, set()), name
        assert read & {tables.rollup, tables.team_days}


def test_what_is_read_again_is_what_the_report_itself_would_read(engine, teams):
    for filters in ((), (Filter("source", ("aws",)),)):
        view = View(Month(2026, 11), NOW, filters=filters)
        for found, now in (
            (overview(engine, teams, view), overview_now),
            (team_report(engine, teams, "search", view, ()), team_now),
            (data_quality(engine, (), view), quality_now),
            (statement_list(engine, teams, None, NOW), statements_now),
        ):
            assert now(engine, found) == found


@pytest.mark.parametrize("path", PATHS)
def test_a_second_reader_is_answered_the_same_without_a_question_about_costs(engine, make_site, path):
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    client = TestClient(make_site(engine))
    first = client.get(path).text
    event.listen(engine, "before_cursor_execute", note)
    assert client.get(path).text == first
    assert not [statement for statement in asked if "FROM rollup" in statement]


def test_what_is_published_shows_at_once_on_every_page(engine, make_site, make_rows):
    client = TestClient(make_site(engine))
    before = [client.get(path).text for path in PATHS]
    more = {"rule": GPU_RULE, "service": "Amazon EKS", "model": "gpt-5-mini"}
    with engine.begin() as connection:
        make_rows.put(connection, make_rows.cost(date(2026, 11, 3), "7777", "search", **more))
    unchanged = [path for path, page in zip(PATHS, before, strict=True) if client.get(path).text == page]
    assert unchanged == []


def test_what_becomes_of_alerts_and_sources_shows_at_once_though_no_cost_changed(engine, make_site):
    client = TestClient(make_site(engine))
    assert client.get("/overview.json").json()["alerts"]
    assert client.get("/teams/search.json").status_code == 200
    with engine.begin() as connection:
        connection.execute(update(tables.alerts).values(status="resolved"))
        connection.execute(update(tables.sources).values(error="410 gone", error_is_permanent=True))
    found = client.get("/overview.json").json()
    assert found["alerts"] == []
    assert {source["state"] for source in found["freshness"]} == {"failing"}
    assert client.get("/teams/research.json").json()["alerts"] == []
