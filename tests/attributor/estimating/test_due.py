"""Which days are estimated anew: by what changed, and never by whether rows of the bill exist."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from attributor.config.settings import Price, Replaces
from attributor.estimating.due import Known, is_complete, work_to_do
from attributor.ledger.collected import CollectedDay
from attributor.ledger.estimates import EstimatedDay
from attributor.periods import Month
from collectors.base import Window
from rules.matchers import EVERYTHING

DAY = date(2026, 11, 10)
ONE = timedelta(days=1)
PRICE = Price("p", "m", 1, 1, "USD", "", "", replaces=Replaces("llm", EVERYTHING, ONE), digest="p1")  # type: ignore[arg-type]
LATER = replace(PRICE, digest="p2")


def covered(*spans: tuple[int, int]) -> tuple[Window, ...]:
    """Days of November, half-open."""
    return tuple(Window(*(datetime(2026, 11, day, tzinfo=UTC) for day in span)) for span in spans)


def known(usage: str = "u1", bill: str = "b1", recorded: EstimatedDay | None = None, **more) -> Known:
    return Known(
        {("gateway", DAY): CollectedDay(1, usage, 1)} if usage else {},
        {("llm", DAY): CollectedDay(1, bill, 1)} if bill else {},
        more.get("coverage", {}),
        {} if recorded is None else {(recorded.source, DAY): recorded},
    )


def derived(**more) -> EstimatedDay:
    """The day as the first derivation leaves it."""
    (due,) = work_to_do([PRICE], known(**more), ()).due
    assert not due.keeps
    return due.day


COMPLETE = {"llm": covered((1, 12))}


@pytest.mark.parametrize(
    ("spans", "complete"),
    [
        ((), False),
        (((1, 11),), False),  # the day itself is the newest that the bill tells of
        (((1, 12),), True),
        (((1, 10), (11, 20)), False),  # a gap on the day is no bill of nothing
        (((1, 11), (15, 16)), True),  # a gap after it says nothing about the day
    ],
)
def test_a_day_is_complete_when_coverage_has_passed_it_and_the_lag(spans, complete: bool) -> None:
    assert is_complete(covered(*spans), DAY, ONE) is complete


def test_a_day_is_derived_once_and_again_when_usage_bill_or_prices_change() -> None:
    before = derived()
    assert before.state == "estimated"
    assert work_to_do([PRICE], known(recorded=before), ()).due == ()
    for changed in (known(usage="u2", recorded=before), known(bill="b2", recorded=before)):
        assert [due.keeps for due in work_to_do([PRICE], changed, ()).due] == [False]
    assert len(work_to_do([LATER], known(recorded=before), ()).due) == 1


def test_after_the_switch_only_the_bill_changes_anything_and_the_estimate_stays() -> None:
    before = derived(coverage=COMPLETE)
    assert before.state == "billed"
    assert work_to_do([LATER], known(usage="u2", recorded=before, coverage=COMPLETE), ()).due == ()
    (due,) = work_to_do([LATER], known(bill="b2", recorded=before, coverage=COMPLETE), ()).due
    assert (due.keeps, due.day.bill_digest, due.day.usage_digest) == (True, "b2", before.usage_digest)


def test_a_day_without_an_estimate_is_looked_at_again_when_its_usage_comes_even_after_the_bill() -> None:
    before = replace(derived(coverage=COMPLETE), state="none")
    assert work_to_do([PRICE], known(recorded=before, coverage=COMPLETE), ()).due == ()
    assert len(work_to_do([PRICE], known(usage="u2", recorded=before, coverage=COMPLETE), ()).due) == 1


def test_a_longer_lag_makes_a_day_wait_again() -> None:
    before = derived(coverage=COMPLETE)
    patient = replace(PRICE, replaces=Replaces("llm", EVERYTHING, 5 * ONE))
    (due,) = work_to_do([patient], known(recorded=before, coverage=COMPLETE), ()).due
    assert (due.day.state, due.keeps) == ("estimated", False)


def test_without_a_price_an_open_estimate_goes_and_what_was_billed_keeps_its_variance() -> None:
    assert work_to_do([], known(recorded=derived()), ()).removed == (("llm", DAY),)
    assert work_to_do([], known(recorded=derived(coverage=COMPLETE)), ()).removed == ()
    ended = replace(PRICE, end=DAY)
    assert work_to_do([ended], known(recorded=derived()), ()).removed == (("llm", DAY),)


def test_usage_that_is_taken_back_takes_its_estimate_back() -> None:
    before = derived()
    (due,) = work_to_do([PRICE], known(usage="", recorded=before), ()).due
    assert due.day.state == "estimated"
    assert not due.keeps


def test_a_closed_month_keeps_its_estimate_until_its_bill_comes() -> None:
    closed = {Month(2026, 11)}
    before = derived()
    assert work_to_do([LATER], known(usage="u2", recorded=before), closed).due == ()
    assert work_to_do([], known(recorded=before), closed).removed == ()
    assert work_to_do([PRICE], known(), closed).due == ()
    (more,) = work_to_do([LATER], known(bill="b2", recorded=before), closed).due
    assert (more.day.state, more.keeps, more.day.usage_digest) == ("estimated", True, before.usage_digest)
    (switched,) = work_to_do([LATER], known(recorded=before, coverage=COMPLETE), closed).due
    assert (switched.day.state, switched.keeps) == ("billed", True)
