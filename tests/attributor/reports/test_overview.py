"""The overview counts what is idle, estimated and bought, and never adds currencies up."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event

from attributor.periods import Month
from attributor.reports.document import document
from attributor.reports.overview import overview
from attributor.reports.view import View
from rules.ruleset import Budget, Team

OCTOBER = Month(2026, 10)
TEAMS = {
    "search": Team("search", "Search", budget=Budget(Decimal(100))),
    "ads": Team("ads", budget=Budget(Decimal(10))),
}


@pytest.fixture
def see(engine, now):
    def see(month: Month = OCTOBER, **view):
        return overview(engine, TEAMS, View(month, now, **view))

    return see


def test_idle_and_estimated_money_is_told_apart(see, put_cost):
    put_cost("1", team="idle", idle_cause="unallocated")
    put_cost("2", team="search", idle_cause="held")
    put_cost("4", team="search", basis="estimated")
    found = see()
    assert (found.total, found.idle, found.estimated) == (7, 3, 4)


def test_what_is_no_usage_stands_apart(see, put_cost):
    put_cost("5", category="Usage")
    put_cost("1", category="")
    put_cost("70", category="Purchase")
    put_cost("-2", category="Credit", team="ads")
    found = see()
    assert {line.category: line.cost for line in found.categories} == {"Usage": 6, "Purchase": 70, "Credit": -2}
    assert {(day.team, day.cost, day.usage) for day in found.days} == {("ads", -2, 0), ("search", 76, 6)}


def test_the_share_without_an_owner_is_of_the_total(see, put_cost):
    put_cost("1", team="unattributed")
    put_cost("2")
    assert see().unattributed_share == Decimal("0.3333")


def test_budgets_are_of_effective_cost_whatever_basis_is_shown(see, put_cost):
    put_cost("9", team="ads", list="900")
    line = see(basis="list").budgets[0]
    assert (line.team, line.spent, line.used, line.state) == ("ads", 9, Decimal("0.9"), "approaching")


def test_the_currency_with_the_most_cost_is_shown_and_the_others_are_named(see, put_cost):
    put_cost("1", currency="USD")
    put_cost("2", currency="EUR")
    found = see()
    assert (found.heading.currency, found.total, found.heading.other_currencies) == ("EUR", 2, ("USD",))
    assert see(currency="USD").total == 1


def test_the_document_carries_amounts_as_strings(see, put_cost):
    put_cost("0.000000000001")
    found = document(see())
    assert found["total"] == found["teams"][0]["cost"] == "0.000000000001"
    assert found["heading"]["period"] == "2026-10"
    assert found["days"] == [
        {"day": "2026-10-05", "team": "search", "cost": "0.000000000001", "usage": "0.000000000001"}
    ]


def test_a_float_cannot_get_into_a_document():
    with pytest.raises(TypeError, match="float"):
        document((1.5,))


def test_more_teams_ask_no_more_questions(engine, now, see, put_cost, put_published):
    asked: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    counts = []
    for few in (2, 20):
        put_published(date(2026, 9, 1), date(2026, 10, 20), f"bill-{few}")
        for number in range(few):
            put_cost("1", team=f"team-{number}", source=f"bill-{few}")
        asked.clear()
        overview(engine, {f"team-{number}": Team(f"team-{number}") for number in range(few)}, View(OCTOBER, now))
        counts.append(len(asked))
    assert counts[0] == counts[1] < 30


def test_an_empty_ledger_is_an_overview_of_nothing(see):
    found = see()
    assert (found.total, found.teams, found.heading.through) == (0, (), None)
    assert found.unattributed_share is None
