"""Pages and answers say the same, digit by digit, from the copy in columns and from the ledger."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from attributor.ledger.mirror.mirror import Mirror
from attributor.periods import Month, parse_period
from attributor.reports.kept import KeptReports
from attributor.reports.narrowing import Filter
from attributor.reports.view import View
from attributor.web.parts import SiteParts
from attributor.web.shown_reports import OF_A_VIEW, shown_statements

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
PERIODS = tuple(map(parse_period, ("2026-11", "2026-09", "2026-Q4", "2026-W46")))
FILTERS = (
    (),
    (Filter("team", ("search", "idle")),),
    (Filter("service", ("Amazon EKS",)), Filter("rule", ("shared GPU cluster", "team tag"))),
    (Filter("product", ("atlas", "")),),
)
VIEWS = [
    View(period, NOW, basis=basis, group=group, filters=filters)
    for period in PERIODS
    for basis, group, filters in (
        ("effective", "", ()),
        ("billed", "service", FILTERS[1]),
        ("list", "model", FILTERS[2]),
        ("effective", "product", FILTERS[3]),
    )
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory, make_ledger, fill_ledger, make_rows) -> Iterator[Engine]:
    engine = make_ledger(tmp_path_factory.mktemp("mirrored"))
    fill_ledger(engine)
    with engine.begin() as connection:
        for day, product in ((date(2026, 11, 3), "atlas"), (date(2026, 10, 3), 'a "quoted" one'), (NOW.date(), "")):
            dimensions = json.dumps({"product": product}) if product else ""
            rows = [make_rows.cost(day, cost, "ads", dimensions=dimensions) for cost in ("7", "-0.000000000001")]
            make_rows.put(connection, *rows)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def mirror(engine) -> Mirror:
    found = Mirror(engine)
    found.follow()
    return found


def test_the_list_of_statements_is_the_same_from_the_copy(engine, mirror, teams):
    found = [shown_statements(parts_of(engine, teams, *more), Month(2026, 9), NOW) for more in ((), (mirror,))]
    assert found[0] == found[1]
    assert found[0].teams


def parts_of(engine, teams, mirror=None) -> SiteParts:
    kept = KeptReports(engine, lambda: None, mirror)
    parts = SiteParts(engine, lambda: teams, "Halcyon", lambda: NOW, lambda: b"", lambda: (), kept=kept, mirror=mirror)
    return replace(parts, dimensions=lambda: ("product",))


@pytest.mark.parametrize("shown", OF_A_VIEW, ids=lambda shown: shown.__name__)
def test_every_report_is_the_same_from_the_copy_for_any_period_basis_group_and_filter(engine, mirror, teams, shown):
    assert mirror.current() is not engine
    from_ledger, from_copy = parts_of(engine, teams), parts_of(engine, teams, mirror)
    for view in VIEWS:
        assert shown(from_copy, view) == shown(from_ledger, view), view


ANSWERS = (
    "/api/v1/allocations?window=month&aggregate=team,service&step=1d",
    "/api/v1/allocations?window=month&aggregate=product,model&filter=team:%22ads%22",
    "/api/v1/showback?period=2026-Q4&by=team,service",
    "/api/v1/usage?window=2026-11&by=team,model",
    "/api/v1/budgets?period=2026-11",
    "/api/v1/forecast?period=2026-11",
    "/api/v1/explain?team=search&period=2026-11",
)


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_to_programs_is_the_same_from_the_copy(engine, mirror, teams, make_site, path):
    dimensions = {"dimensions": lambda: ("product",)}
    plain, mirrored = (TestClient(make_site(engine, **more, **dimensions)) for more in ({}, {"mirror": mirror}))
    found = mirrored.get(path)
    assert found.status_code == 200
    assert found.text == plain.get(path).text


def test_pages_ask_the_ledger_for_no_costs_once_they_are_copied(engine, mirror, teams):
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    parts = parts_of(engine, teams, mirror)
    for shown in OF_A_VIEW:
        shown(parts, View(PERIODS[0], NOW))
    event.remove(engine, "before_cursor_execute", note)
    assert asked
    assert not [statement for statement in asked if "rollup" in statement or "team_days" in statement]
