"""The alert path's memory, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import Engine

from alerts.alert import Alert, AlertState, ChartPoint, Contributor
from alerts.ports import AlertLog, Delivery, Message, Sent
from attributor.ledger.alert_json import alert_from_json, alert_to_json
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.engine import open_engine

HOUR = timedelta(hours=1)
MakeAlert = Callable[..., Alert]
MakeMessage = Callable[..., Message]


@pytest.fixture
def log(ledger_engine: Engine) -> AlertLog:
    return LedgerAlertLog(ledger_engine)


@pytest.fixture
def alert(now: datetime) -> MakeAlert:
    def make(key: str = "budget:search") -> Alert:
        return Alert(
            key=key,
            kind="budget",
            team="search",
            severity="critical",
            title="Search is over its budget",
            summary="“søk” – €12.00 of €10.00",
            started_at=now - HOUR,
            currency="EUR",
            amount=Decimal("12.000000000001"),
            threshold=Decimal("1E+1"),
            contributors=(Contributor("Compute", Decimal("-0.50"), "refund"), Contributor("Unknown", None)),
            chart=(ChartPoint("2026-11-19", Decimal("3.10")), ChartPoint("2026-11-20", Decimal(0), marked=True)),
            link="/teams/search?month=2026-11",
            facts={"pool": "prod"},
            level=2,
        )

    return make


@pytest.fixture
def message(alert: MakeAlert, now: datetime) -> MakeMessage:
    def make(message_id: str = "m1", created_at: datetime = now) -> Message:
        told = (alert("budget:search"), alert("budget:ads"))
        return Message(message_id, f"{message_id}:budget", "team-slack", "firing", "search", told, created_at)

    return make


def test_every_field_of_an_alert_survives_as_json(alert: MakeAlert) -> None:
    given = alert()
    plainest = Alert("k", "test", "", "info", "t", "s", given.started_at)
    unset = [field.name for field in fields(Alert) if getattr(given, field.name) == getattr(plainest, field.name)]
    assert unset == ["started_at"]
    for one in (given, plainest):
        assert alert_from_json(alert_to_json(one)) == one


def test_states_read_back_as_recorded_and_the_newest_counts(log: AlertLog, alert: MakeAlert, now: datetime) -> None:
    firing = AlertState(alert("a"), "firing", now - HOUR, now)
    snoozed = AlertState(alert("b"), "snoozed", now - HOUR, now, snoozed_until=now + HOUR)
    log.record([firing, snoozed], [], {})
    assert log.states() == {"a": firing, "b": snoozed}
    resolved = replace(firing, status="resolved", last_seen=now + HOUR, resolved_at=now + HOUR)
    log.record([resolved], [], {})
    assert log.states() == {"a": resolved, "b": snoozed}


def test_an_alert_is_forgotten_thirty_days_after_it_resolved(log: AlertLog, alert: MakeAlert, now: datetime) -> None:
    resolved = AlertState(alert("old"), "resolved", now - HOUR, now, resolved_at=now)
    log.record([resolved], [], {})
    assert log.states() == {"old": resolved}
    almost = AlertState(alert("new"), "firing", now, now + timedelta(days=30) - HOUR)
    log.record([almost], [], {})
    assert set(log.states()) == {"old", "new"}
    log.record([replace(almost, last_seen=now + timedelta(days=30))], [], {})
    assert set(log.states()) == {"new"}


def test_an_empty_log_knows_nothing(log: AlertLog, now: datetime) -> None:
    assert (log.states(), log.last_sent(), log.due(now), log.failures()) == ({}, {}, (), ())


def test_what_was_told_is_kept_by_group_and_channel(log: AlertLog, now: datetime) -> None:
    log.record([], [], {("g", "slack"): Sent("f1", now), ("g", "console"): Sent("f1", now)})
    log.record([], [], {("g", "slack"): Sent("f2" * 500, now + HOUR)})
    assert log.last_sent() == {("g", "slack"): Sent("f2" * 500, now + HOUR), ("g", "console"): Sent("f1", now)}


def test_a_message_is_enqueued_once_however_often_it_is_recorded(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    log.record([], [message()], {})
    assert log.due(now) == (Delivery(message(), "pending", 0, now),)
    log.mark_sent("m1", now)
    log.record([], [message()], {})
    assert log.due(now + HOUR) == ()


def test_due_messages_come_oldest_first_and_not_before_their_time(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    log.record([], [message("late", now + HOUR), message("b", now), message("a", now - HOUR)], {})
    assert [delivery.message.id for delivery in log.due(now)] == ["a", "b"]
    assert [delivery.message.id for delivery in log.due(now + HOUR, limit=2)] == ["a", "b"]


def test_a_claimed_message_belongs_to_its_sender_until_the_claim_ends(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    log.record([], [message()], {})
    assert log.claim("m1", now, now + HOUR)
    assert not log.claim("m1", now, now + HOUR)
    assert log.due(now) == ()
    assert log.claim("m1", now + HOUR, now + 2 * HOUR)
    assert not log.claim("no such message", now, now + HOUR)


def test_no_message_overtakes_an_earlier_one_of_its_group_that_another_sender_holds(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    first = replace(message("z", now), group="g")
    second, elsewhere = replace(message("a", now + HOUR), group="g"), replace(message("b", now + HOUR), group="h")
    log.record([], [first, second, elsewhere], {})
    assert log.claim("z", now + HOUR, now + 2 * HOUR)
    assert not log.claim("a", now + HOUR, now + 2 * HOUR)
    assert log.claim("b", now + HOUR, now + 2 * HOUR)
    log.mark_sent("z", now + HOUR)
    assert log.claim("a", now + HOUR, now + 2 * HOUR)


def test_a_message_is_tried_again_when_it_is_due_and_its_trouble_is_visible(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    log.record([], [message()], {})
    log.retry_at("m1", now + HOUR, "429, wait an hour")
    assert log.due(now) == ()
    troubled = Delivery(message(), "pending", 1, now + HOUR, "429, wait an hour")
    assert log.failures() == (troubled,)
    assert log.due(now + HOUR) == (troubled,)
    log.mark_sent("m1", now + HOUR)
    assert log.failures() == ()


def test_a_message_given_up_stays_visible_and_is_never_due_again(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    log.record([], [message("old", now), message("new", now + HOUR)], {})
    log.mark_failed("old", "404")
    log.mark_failed("new", "404")
    assert [(one.message.id, one.state, one.error) for one in log.failures()] == [
        ("new", "failed", "404"),
        ("old", "failed", "404"),
    ]
    assert log.due(now + 2 * HOUR) == ()
    assert not log.claim("old", now + 2 * HOUR, now + 3 * HOUR)


def test_what_was_sent_stays_sent_whatever_a_slower_sender_says(
    log: AlertLog, message: MakeMessage, now: datetime
) -> None:
    log.record([], [message()], {})
    log.mark_sent("m1", now)
    log.retry_at("m1", now, "timed out")
    log.mark_failed("m1", "timed out")
    assert (log.due(now + HOUR), log.failures()) == ((), ())


def test_a_record_that_breaks_off_in_the_middle_leaves_nothing(
    log: AlertLog, alert: MakeAlert, message: MakeMessage, now: datetime
) -> None:
    with pytest.raises(Exception, match="has no time zone"):
        log.record(
            [AlertState(alert(), "firing", now, now)],
            [message()],
            {("g", "slack"): Sent("f", now.replace(tzinfo=None))},
        )
    assert (log.states(), log.due(now)) == ({}, ())


def test_of_two_daemons_that_reach_for_a_message_exactly_one_sends_it(
    ledger_engine: Engine, message: MakeMessage, now: datetime
) -> None:
    messages = [message(f"m{number:02}") for number in range(20)]
    LedgerAlertLog(ledger_engine).record([], messages, {})
    together = Barrier(2)

    def send_all(_daemon: int) -> list[str]:
        engine = open_engine(ledger_engine.url.render_as_string(hide_password=False))
        log = LedgerAlertLog(engine)
        together.wait()
        claimed = [one.message.id for one in log.due(now) if log.claim(one.message.id, now, now + HOUR)]
        engine.dispose()
        return claimed

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(send_all, range(2))
    assert sorted(first + second) == [one.id for one in messages]
