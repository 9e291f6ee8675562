"""A closed month says so, and a month that corrects one shows by how much."""

from datetime import UTC, date, datetime

from sqlalchemy import insert
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statements import Statement, record_statement
from attributor.periods import Month


def test_pages_tell_closed_months_and_what_corrects_them(tmp_path, make_site, make_ledger, make_rows) -> None:
    engine = make_ledger(tmp_path)
    october = date(2026, 10, 3)
    correction = {"corrects": "2026-10", "corrected_day": october, "billing_month": "2026-10"}
    with engine.begin() as connection:
        for day in (october, date(2026, 11, 3)):
            make_rows.put(connection, make_rows.cost(day, "5", "ads"))
            connection.execute(insert(tables.publications).values(make_rows.published("aws", day)))
        content = statement_content(connection, Month(2026, 10))
        closed_at = datetime(2026, 11, 2, 8, tzinfo=UTC)
        record_statement(connection, Statement(Month(2026, 10), 0, closed_at, "ana", "r", content))
        make_rows.put(connection, make_rows.cost(date(2026, 11, 3), "-1.5", "ads", **correction))
    client = TestClient(make_site(engine))
    for path in ("/", "/teams/ads"):
        closed, open_month = (client.get(f"{path}?month=2026-{month}").text for month in ("10", "11"))
        assert "October 2026 was closed on 2 Nov" in closed
        assert "Corrections of closed months" not in closed
        assert "was closed on" not in open_month
        assert "Corrections of closed months" in open_month
        assert '<th scope="row">2026-10</th><td class="number"><data value="-1.5">' in open_month
        assert "Usage only: corrections of 2026-10 of −$2 are not drawn." in open_month
    report = client.get("/teams/ads.json?month=2026-11").json()
    assert report["categories"][1] == {"category": "Correction", "cost": "-1.5", "corrects": "2026-10"}
    assert report["heading"]["closed_at"] is None
