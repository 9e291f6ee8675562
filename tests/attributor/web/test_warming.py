"""What most readers ask for is read before anybody asks."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from attributor.reports.kept import KeptReports
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from attributor.web.warming import Warming

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
PATHS = ("/", "/overview.json", "/budgets", "/statements", "/gpus", "/models", "/unit-costs", "/data-quality", "/rules")


@pytest.fixture
def engine(tmp_path, make_ledger, fill_ledger) -> Iterator[Engine]:
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def asked(engine) -> list[str]:
    """The questions about costs that the ledger was asked."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if "FROM rollup" in statement or "FROM team_days" in statement:
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return found


def parts_of(engine, teams, clock) -> SiteParts:
    kept = KeptReports(engine, lambda: None)
    return SiteParts(engine, lambda: teams, "Halcyon", clock, lambda: b"", lambda: (), kept=kept)


def test_the_first_reader_of_each_page_asks_nothing_about_costs(engine, asked, teams):
    parts = parts_of(engine, teams, lambda: NOW)
    Warming(parts).warm()
    assert asked
    asked.clear()
    client = TestClient(build_site(parts))
    for path in PATHS:
        assert client.get(path).status_code == 200
    assert asked == []


def test_it_rests_ten_times_as_long_as_it_worked(engine, asked, teams, make_rows):
    moments = iter([0, 0, 3, 20, 33, 33, 34])  # asked at the beginning, for the view, and at the end
    warming = Warming(parts_of(engine, teams, lambda: NOW + timedelta(seconds=next(moments))))
    warming.warm()
    with engine.begin() as connection:
        make_rows.put(connection, make_rows.cost(date(2026, 11, 3), "5", "ads"))
    asked.clear()
    warming.warm()
    assert asked == []
    warming.warm()
    assert asked
