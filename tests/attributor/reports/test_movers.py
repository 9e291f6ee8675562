"""What moved most since the period before: the things, their tokens of the same days, and rules that changed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import insert, update

from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import publications, rollup, usage_rollup
from attributor.periods import Month
from attributor.reports.movers import movers
from attributor.reports.view import View, frame

BEFORE, NOW_DAY = date(2026, 9, 5), date(2026, 10, 5)


@pytest.fixture
def see(engine, now, put_published):
    put_published(date(2026, 9, 1), date(2026, 10, 20))

    def see(keep=None, **view):
        with engine.connect() as connection:
            return movers(connection, frame(connection, View(Month(2026, 10), now, **view)), {}, keep)

    return see


@pytest.fixture
def put_tokens(engine):
    def put(day: date, quantity: str, model: str = "gpt-5", team: str = "search") -> None:
        row = {"source": "gateway", "day": day, "metric": "tokens.input", "pool": "", "team": team, "model": model}
        with engine.begin() as connection:
            connection.execute(insert(usage_rollup).values(row | money_values("quantity", Decimal(quantity))))

    return put


def parts(line):
    return [(part.reason, part.amount) for part in line.parts]


def test_the_largest_movements_come_first_up_or_down(see, put_cost):
    for service, before, now in (("GPU", "10", "13"), ("Disk", "50", "10"), ("Mail", "5", "5"), ("API", "0", "1")):
        put_cost(before, day=BEFORE, service=service)
        put_cost(now, day=NOW_DAY, service=service)
    assert [(line.service, line.previous, line.change) for line in see()] == [
        ("Disk", 50, -40),
        ("GPU", 10, 3),
        ("API", 0, 1),
    ]


def test_at_most_eight_things_are_told(see, put_cost):
    for number in range(20):
        put_cost(str(number + 1), service=f"service {number}")
    assert [line.change for line in see()] == [20 - number for number in range(8)]


def test_a_model_says_how_many_tokens_more_and_what_one_cost(see, put_cost, put_tokens):
    put_cost("100", day=BEFORE, service="API", model="gpt-5")
    put_cost("240", day=NOW_DAY, service="API", model="gpt-5")
    put_tokens(BEFORE, "1000")
    put_tokens(NOW_DAY, "3000")
    put_tokens(NOW_DAY, "900", team="ads")
    put_tokens(date(2026, 10, 20), "5000")
    [line] = see()
    assert (line.tokens, line.previous_tokens) == (3000, 1000), "of the days that are compared, and of the team alone"
    assert parts(line) == [("tokens", 200), ("token_price", -60)]


def test_tokens_are_not_told_where_two_services_share_a_model(see, put_cost, put_tokens):
    for service, cost in (("API", "7"), ("Marketplace", "5")):
        put_cost("1", day=BEFORE, service=service, model="gpt-5")
        put_cost(cost, day=NOW_DAY, service=service, model="gpt-5")
    put_tokens(BEFORE, "1000")
    put_tokens(NOW_DAY, "3000")
    assert [(line.tokens, parts(line)) for line in see()] == [(None, [("volume", 6)]), (None, [("volume", 4)])]


@pytest.mark.parametrize(("changed", "reason"), [("day_rules", "rules"), ("", "volume")])
def test_rules_are_a_reason_only_where_they_said_something_else(engine, see, put_cost, changed, reason):
    put_cost("4", day=BEFORE, rule="old")
    put_cost("9", day=NOW_DAY, rule="new")
    if changed:
        with engine.begin() as connection:
            connection.execute(update(publications).where(publications.c.day < date(2026, 10, 1)).values(day_rules="x"))
    assert {part for part, _ in parts(see()[0])} == {reason}


def test_a_closed_month_is_told_by_the_digest_of_all_its_rules(engine, see, put_cost):
    put_cost("4", day=BEFORE, rule="old")
    put_cost("9", day=NOW_DAY, rule="new")
    with engine.begin() as connection:
        connection.execute(update(publications).where(publications.c.day < date(2026, 10, 1)).values(day_rules="r"))
    assert parts(see()[0]) == [("volume", 5)]


def test_nothing_is_told_where_nothing_is_compared(engine, put_cost):
    put_cost("9", day=NOW_DAY)
    with engine.connect() as connection:
        seen = frame(connection, View(Month(2026, 10), datetime(2026, 10, 20, tzinfo=UTC)))
        assert movers(connection, seen, {}) == ()


def test_only_what_is_kept_is_told(see, put_cost):
    put_cost("9", day=NOW_DAY, team="ads")
    put_cost("2", day=NOW_DAY)
    assert [(line.team, line.change) for line in see(rollup.c.team == "search")] == [("search", 2)]
