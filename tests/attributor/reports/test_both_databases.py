"""The same rows give the same reports on SQLite and on PostgreSQL."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, insert

from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import control_sums, publications, rollup
from attributor.ledger.team_days import sum_team_days
from attributor.money import total
from attributor.periods import Month
from attributor.reports.health import health
from attributor.reports.overview import overview
from attributor.reports.reconcile import reconcile
from attributor.reports.showback import ShowbackRequest, showback
from attributor.reports.team import team_report
from attributor.reports.view import View

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
BILLION = Decimal("1000000000.000000000001")


@pytest.fixture
def filled(ledger_engine: Engine) -> Engine:
    texts = [
        column.name
        for column in rollup.columns
        if not column.nullable and not column.name.endswith(("_millionths", "_rest"))
    ]
    row = dict.fromkeys(texts, "") | {"source": "bill", "billing_month": "2026-10", "currency": "USD", "team": "search"}
    del row["id"]
    key = {"source": "bill", "currency": "USD", "day": date(2026, 10, 5)}
    costs = {
        name: value for basis in ("effective", "billed", "list") for name, value in money_values(basis, BILLION).items()
    }
    doubled = {
        name: value
        for basis in ("effective", "billed", "list")
        for name, value in money_values(basis, 2 * BILLION).items()
    }
    published = {"source": "bill", "charges_version": 1, "allocations_version": 1, "usage_versions": "{}", "epoch": 1}
    published |= {"rules_digest": "r", "inputs_digest": "i", "published_at": NOW}
    with ledger_engine.begin() as connection:
        for day in (date(2026, 9, 5), date(2026, 10, 5), date(2026, 10, 5)):
            connection.execute(insert(rollup).values(row | costs | {"day": day}))
            sum_team_days(connection, (day,))
        connection.execute(insert(control_sums).values(key | doubled))
        connection.execute(
            insert(publications), [published | {"day": day} for day in (date(2026, 9, 1), date(2026, 10, 6))]
        )
    return ledger_engine


def test_reports_are_exact_on_either_database(filled):
    view = View(OCTOBER, NOW)
    assert showback(filled, ShowbackRequest(OCTOBER, by=("team", "day"))).total == 2 * BILLION
    assert reconcile(filled, OCTOBER).difference == 0
    found = overview(filled, {}, view)
    assert (found.total, found.previous, found.change) == (2 * BILLION, BILLION, BILLION)
    assert [(line.change, total(part.amount for part in line.parts)) for line in found.movers] == [(BILLION, BILLION)]
    assert [node.cost for node in (*found.flow.services, *found.flow.rules, *found.flow.teams)] == [2 * BILLION] * 3
    assert team_report(filled, {}, "search", view).days[0].cost == 2 * BILLION
    assert health(filled, NOW).sources == ()
