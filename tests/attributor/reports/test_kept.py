"""Reports are read once, and again as soon as anything that they are made of has changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest

from attributor.periods import Month
from attributor.reports.kept import KeptReports
from attributor.reports.rule_claims import rule_claims
from attributor.reports.view import View
from rules.ruleset import Team

OCTOBER = Month(2026, 10)


class Reader:
    """Reads a small report and counts how often."""

    def __init__(self) -> None:
        self.views: list[View] = []

    def __call__(self, engine, view):
        self.views.append(view)
        return rule_claims(engine, (), view)


@pytest.fixture
def read():
    return Reader()


@pytest.fixture
def kept(engine):
    return KeptReports(engine, lambda: None)


@pytest.fixture
def view(now):
    return View(OCTOBER, now)


def test_a_report_is_read_once_while_nothing_changes(kept, read, view, put_cost):
    put_cost("2")
    assert [kept.of("rules", view, (), read).total for _ in range(3)] == [Decimal(2)] * 3
    assert len(read.views) == 1


def test_what_was_published_meanwhile_is_in_the_next_answer(kept, read, view, put_cost):
    put_cost("2")
    kept.of("rules", view, (), read)
    put_cost("3")
    assert kept.of("rules", view, (), read).total == Decimal(5)


def test_what_is_published_while_a_report_is_read_is_in_the_next_answer(kept, read, view, put_cost):
    def read_late(engine, at):
        found = read(engine, at)
        put_cost("3")
        return found

    assert kept.of("rules", view, (), read_late).total == Decimal(0)
    assert kept.of("rules", view, (), read).total == Decimal(3)


def test_another_view_another_name_other_teams_and_another_day_are_other_reports(kept, read, view, now):
    teams = (Team("search"), Team("search"))
    asked = [
        ("rules", view, teams[:1]),
        ("claims", view, teams[:1]),
        ("rules", View(OCTOBER, now, "list"), teams[:1]),
        ("rules", view, teams[1:]),
        ("rules", View(OCTOBER, now + timedelta(days=1)), teams[:1]),
    ]
    for name, seen, known in asked * 2:
        kept.of(name, seen, known, read)
    assert len(read.views) == len(asked)


def test_whoever_may_see_other_owners_is_told_another_report(engine, read, view):
    owners = [None, frozenset({"search"}), frozenset({"ads"})]
    current = [None]
    kept = KeptReports(engine, lambda: current[0])
    for current[0] in owners * 2:
        kept.of("rules", view, (), read)
    assert len(read.views) == len(owners)


def test_a_report_says_when_it_was_asked_for_and_is_read_as_at_the_beginning_of_the_day(kept, read, view, now):
    later = View(OCTOBER, now + timedelta(hours=3))
    assert kept.of("rules", view, (), read).heading.now == now
    assert kept.of("rules", later, (), read).heading.now == later.now
    assert [seen.now.hour for seen in read.views] == [0]


def test_what_could_not_be_read_is_raised_and_asked_again(kept, read, view):
    def fail(*_):
        raise LookupError("there is no such team")

    with pytest.raises(LookupError, match="no such team"):
        kept.of("rules", view, (), fail)
    assert kept.of("rules", view, (), read).total == Decimal(0)


def test_many_who_ask_at_once_wait_for_one_reading(kept, read, view):
    together = Barrier(8)

    def ask(_):
        together.wait()
        return kept.of("rules", view, (), read)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, (found.rules for found in pool.map(ask, range(8)))))) == 1
    assert len(read.views) == 1


def test_of_too_many_lines_those_go_first_that_nobody_asked_for_longest(engine, read, view, put_cost):
    put_cost("1", rule="team tag")
    kept = KeptReports(engine, lambda: None, most_lines=3)
    counts = []
    for number in (1, 2, 3, 1, 4, 1, 3, 2):
        before = len(read.views)
        kept.of(f"report {number}", view, (), read)
        counts.append(len(read.views) - before)
    assert counts == [1, 1, 1, 0, 1, 0, 0, 1]
