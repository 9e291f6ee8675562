"""What is restated of a closed month is posted in an open one, whole or not at all, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from sqlalchemy import Engine, select

from attributor.ledger.corrections import DayState, corrections, days_with_corrections, post_correction
from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease, LeaseLostError, acquire
from attributor.ledger.money_columns import joined
from attributor.ledger.pins import pinned_versions
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.reopening import months_that_hold_corrections, reopen
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statements import (
    ClosingChangedError,
    Statement,
    closed_months,
    record_statement,
    statements,
)
from attributor.ledger.tables import rollup
from attributor.periods import Month, start_of

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
DAY = date(2026, 10, 5)
STATE = DayState("rules 1", "inputs 2", {"aws": {DAY: 6}}, {"gpus": {DAY: 8}}, None, None, 9)


@pytest.fixture
def books(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
    now: datetime,
) -> "Books":
    return Books(ledger_engine, lease, publication, rollup_rows, now)


class Books:
    """A ledger with days of October and what is posted of them; rows are (team, effective cost)."""

    def __init__(self, engine: Engine, lease: Lease, publication, rollup_rows, now: datetime) -> None:
        self.engine, self.lease, self.now = engine, lease, now
        self._publication, self._rollup_rows = publication, rollup_rows

    def rows(self, *costs: tuple[str, str]) -> pa.Table:
        return self._rollup_rows(*({"team": team, "effective": Decimal(cost)} for team, cost in costs))

    def publish(self, *costs: tuple[str, str], day: date = DAY) -> None:
        publish_day(self.engine, self.lease, self._publication("aws", day=day, rollup=self.rows(*costs)), self.now)

    def close(self, month: Month = OCTOBER) -> Statement:
        with writing(self.engine) as connection:
            content = statement_content(connection, month)
            return record_statement(connection, Statement(month, 0, self.now, "ana", "rules 1", content))

    def post(self, *costs: tuple[str, str], day: date = DAY, now: datetime | None = None) -> date:
        return post_correction(self.engine, self.lease, day, (STATE, self.rows(*costs)), now or self.now)

    def posted(self) -> list[tuple[date, str, date, str, Decimal]]:
        """Return (day posted on, month, corrected day, team, effective cost)."""
        query = select(rollup).where(rollup.c.corrects != "").order_by(rollup.c.id)
        with reading(self.engine) as connection:
            found = [
                (
                    row.day,
                    row.corrects,
                    row.corrected_day,
                    row.team,
                    joined(row.effective_millionths, row.effective_rest),
                )
                for row in connection.execute(query)
            ]
        return sorted(found)


def test_the_difference_to_the_frozen_rows_is_posted_on_the_day_it_was_noticed(books: Books) -> None:
    books.publish(("search", "30"), ("ads", "9"), ("data", "1"))
    books.close()
    today = books.now.date()
    assert books.post(("search", "30.000000000001"), ("ads", "9"), ("platform", "-4")) == today
    unit = Decimal("0.000000000001")
    assert books.posted() == [
        (today, "2026-10", DAY, "data", Decimal(-1)),
        (today, "2026-10", DAY, "platform", Decimal(-4)),
        (today, "2026-10", DAY, "search", unit),
    ]
    [correction] = corrections(books.engine)[DAY]
    assert (correction.number, correction.month, correction.posted_on, correction.state) == (1, OCTOBER, today, STATE)
    with reading(books.engine) as connection:
        assert days_with_corrections(connection, OCTOBER.end, today + timedelta(days=1)) == (today,)


def test_a_second_correction_is_held_against_the_first_and_one_that_comes_back_cancels_it(books: Books) -> None:
    books.publish(("search", "30"))
    books.close()
    for cost in ("32", "35", "30", "30"):
        books.post(("search", cost))
    assert sorted(cost for *_, cost in books.posted()) == [Decimal(-5), Decimal(2), Decimal(3)]
    assert [found.number for found in corrections(books.engine)[DAY]] == [1, 2, 3, 4], "the last one moved nothing"


def test_a_day_that_had_nothing_and_a_day_that_has_nothing_any_more(books: Books) -> None:
    books.publish(("search", "30"))
    books.close()
    other = date(2026, 10, 6)
    books.post()
    books.post(("ads", "7"), day=other)
    today = books.now.date()
    assert books.posted() == [
        (today, "2026-10", DAY, "search", Decimal(-30)),
        (today, "2026-10", other, "ads", Decimal(7)),
    ]


def test_the_day_on_which_corrections_were_posted_is_published_again_without_them(books: Books) -> None:
    books.publish(("search", "30"))
    books.close()
    books.post(("search", "32"))
    for cost in ("5", "6"):
        books.publish(("search", cost), day=books.now.date())
    assert [cost for *_, cost in books.posted()] == [Decimal(2)]
    books.publish(("ads", "1"), day=books.now.date())
    assert [cost for *_, cost in books.posted()] == [Decimal(2)]


def test_where_the_present_month_is_closed_too_it_enters_the_first_open_one(books: Books) -> None:
    books.publish(("search", "30"))
    books.publish(("search", "1"), day=date(2026, 11, 2))
    books.close()
    books.close(Month(2026, 11))
    assert books.post(("search", "31")) == date(2026, 12, 1)


def test_a_day_of_a_closed_month_is_not_published_and_one_of_an_open_month_not_corrected(books: Books) -> None:
    books.publish(("search", "30"))
    with pytest.raises(ClosingChangedError):
        books.post(("search", "31"))
    statement = books.close()
    before = canonical_dump(books.engine)
    with pytest.raises(ClosingChangedError):
        books.publish(("search", "31"))
    with pytest.raises(ClosingChangedError):
        state = replace(STATE, rules_digest="rules 2")
        post_correction(books.engine, books.lease, DAY, (state, books.rows(("search", "31"))), books.now)
    assert canonical_dump(books.engine) == before
    assert closed_months(books.engine) == {OCTOBER: statement}


def test_without_the_lease_nothing_is_posted(books: Books) -> None:
    books.publish(("search", "30"))
    books.close()
    before = canonical_dump(books.engine)
    hour = timedelta(hours=1)
    assert acquire(books.engine, "leader", "other:1:1", books.now + hour, hour) is not None
    with pytest.raises(LeaseLostError):
        books.post(("search", "31"))
    assert canonical_dump(books.engine) == before


def test_undoing_takes_back_what_was_posted_and_nothing_else(books: Books) -> None:
    books.publish(("search", "3"), day=date(2026, 9, 5))
    books.publish(("search", "30"))
    books.close(SEPTEMBER)
    statement = books.close()
    books.post(("search", "4"), day=date(2026, 9, 5))
    before = canonical_dump(books.engine)
    books.post(("search", "32.5"))
    with writing(books.engine) as connection:
        undone = reopen(connection, statement, "ben", books.now)
    assert undone.taken_back == {
        "USD": {"billed": Decimal(0), "effective": Decimal("2.500000000000"), "list": Decimal(0)}
    }
    assert [found for found in statements(books.engine) if found.month == OCTOBER] == [undone]
    assert [(month, cost) for _, month, _, _, cost in books.posted()] == [("2026-09", Decimal(1))]
    after = [line for line in canonical_dump(books.engine).splitlines() if not line.startswith("statements ")]
    assert after == [line for line in before.splitlines() if not line.startswith("statements ")]


def test_a_closed_month_that_holds_corrections_of_another_is_named(books: Books) -> None:
    books.publish(("search", "30"))
    books.close()
    books.post(("search", "31"))
    november = Month(2026, 11)
    with reading(books.engine) as connection:
        assert months_that_hold_corrections(connection, OCTOBER) == ()
    books.close(november)
    with reading(books.engine) as connection:
        assert months_that_hold_corrections(connection, OCTOBER) == (november,)


def test_text_beyond_what_is_kept_is_no_difference(books: Books) -> None:
    rows = pa.concat_tables([books._rollup_rows({"project": "ü" * 400 + end, "effective": Decimal(1)}) for end in "ab"])
    publish_day(books.engine, books.lease, books._publication("aws", day=DAY, rollup=rows), books.now)
    books.close()
    post_correction(books.engine, books.lease, DAY, (STATE, rows), books.now)
    assert books.posted() == []


def test_the_lake_versions_of_statement_and_corrections_are_both_kept(books: Books) -> None:
    books.publish(("search", "30"))
    books.close()
    books.post(("search", "31"), now=start_of(date(2026, 11, 21)))
    assert pinned_versions(books.engine) == {"charges": {3, 6}, "usage": {7, 8}, "allocations": {5, 9}}
