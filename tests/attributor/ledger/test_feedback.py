"""What people taught the alert path, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from alerts.alert import Alert, AlertState, Findings
from alerts.pipeline import process
from alerts.policy import Policy
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.engine import reading
from attributor.ledger.feedback import Told, all_feedback, give_feedback, learned_in, pattern_of, take_back
from attributor.reports.alert_detail import why_document

KEY = "spend:search:EC2:2026-11-19"


@pytest.fixture
def alert(ledger_engine: Engine, now: datetime) -> Alert:
    alert = Alert(KEY, "spend_anomaly", "search", "warning", "Spike", "A spike.", now, "USD", Decimal("512.5"))
    LedgerAlertLog(ledger_engine).record([AlertState(alert, "firing", now, now)], [], {})
    return alert


def test_a_lesson_holds_until_it_is_taken_back(ledger_engine: Engine, alert: Alert, now: datetime) -> None:
    given = give_feedback(ledger_engine, KEY, Told("ana", now, note="load test"))
    assert given is not None
    assert (given.learned.lesson, given.learned.amount, given.note) == ("not_a_problem", Decimal("512.5"), "load test")
    assert given.learned.covers(alert, now)
    with reading(ledger_engine) as connection:
        assert learned_in(connection) == (given.learned,)
    taken = take_back(ledger_engine, given.id, "bo", now)
    assert taken is not None
    assert (taken.taken_back_by, taken.taken_back_at) == ("bo", now)
    assert take_back(ledger_engine, given.id, "bo", now) is None
    assert all_feedback(ledger_engine) == (taken,)
    with reading(ledger_engine) as connection:
        assert learned_in(connection) == ()


def test_what_is_planned_ends_at_its_day(ledger_engine: Engine, alert: Alert, now: datetime) -> None:
    given = give_feedback(ledger_engine, KEY, Told("ana", now, until=now + timedelta(days=1)))
    assert given is not None
    assert given.learned.lesson == "planned"
    assert given.learned.covers(alert, now)
    assert not given.learned.covers(alert, now + timedelta(days=1))


def test_nothing_is_learned_of_an_alert_that_never_was(ledger_engine: Engine, now: datetime) -> None:
    assert give_feedback(ledger_engine, KEY, Told("ana", now)) is None


def test_what_was_learned_before_it_could_fire_says_so(ledger_engine: Engine, alert: Alert, now: datetime) -> None:
    given = give_feedback(ledger_engine, KEY, Told("ana", now))
    assert given is not None
    later = replace(alert, key="spend:search:EC2:2026-11-21")
    process([Findings("spend_anomaly", (later,))], LedgerAlertLog(ledger_engine), Policy((), (), (given.learned,)), now)
    with reading(ledger_engine) as connection:
        why = why_document(connection, later.key)
        assert why_document(connection, "none") is None
    assert why is not None
    assert (why["status"], [each["reason"] for each in why["reasons"]]) == (
        "learned",
        ["not a problem, says ana, up to $1,025.00"],
    )


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        (KEY, "spend:search:EC2:*"),
        ("budget:search:2026-11", "budget:search:2026-11"),
        ("idle_gpu:search:pool[1]*", "idle_gpu:search:pool[[]1][*]"),
    ],
)
def test_a_pattern_is_the_key_without_its_day(key: str, pattern: str) -> None:
    assert pattern_of(key) == pattern
