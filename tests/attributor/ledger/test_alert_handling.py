"""What people do with alerts and why the path decided, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from alerts.alert import Alert, AlertState, Handling
from alerts.policy import Match, Silence
from alerts.ports import Decision
from attributor.ledger.alert_handling import acknowledge, fire_again, snooze
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.alert_reasons import Reason, reasons_of
from attributor.ledger.engine import open_engine, reading
from attributor.ledger.lease import Lease, LeaseLostError, acquire
from attributor.ledger.silences import add_silence, end_silence, lasting_silences

HOUR = timedelta(hours=1)
MakeState = Callable[..., AlertState]


@pytest.fixture
def firing(now: datetime) -> MakeState:
    def make(key: str = "a") -> AlertState:
        alert = Alert(key, "budget", "search", "warning", "Over", "Over its budget.", now - HOUR)
        return AlertState(alert, "firing", now - HOUR, now)

    return make


def test_an_alert_is_acknowledged_snoozed_and_let_go_and_says_by_whom(
    ledger_engine: Engine, firing: MakeState, now: datetime
) -> None:
    log = LedgerAlertLog(ledger_engine)
    log.record([firing("a"), firing("b")], [], {})
    [taken] = acknowledge(ledger_engine, ["a", "no such"], Handling("ana", now, "mine"))
    assert (taken.status, taken.handling) == ("acknowledged", Handling("ana", now, "mine"))
    assert log.states() == {"a": taken, "b": firing("b")}
    [asleep] = snooze(ledger_engine, ["a"], now + HOUR, Handling("bo", now))
    assert (asleep.status, asleep.snoozed_until) == ("snoozed", now + HOUR)
    [again] = fire_again(ledger_engine, ["a"], Handling("bo", now + HOUR))
    assert (again.status, again.snoozed_until, again.waits_since) == ("firing", None, now + HOUR)
    assert log.states()["a"] == again


def test_what_is_resolved_cannot_be_acknowledged(ledger_engine: Engine, firing: MakeState, now: datetime) -> None:
    alert = firing().alert
    LedgerAlertLog(ledger_engine).record([AlertState(alert, "resolved", now, now, resolved_at=now)], [], {})
    assert acknowledge(ledger_engine, ["a"], Handling("ana", now)) == ()


def test_an_acknowledgement_in_the_middle_of_a_pass_waits_and_is_not_lost(
    ledger_engine: Engine, firing: MakeState, now: datetime
) -> None:
    log = LedgerAlertLog(ledger_engine)
    log.record([firing()], [], {})
    begun = Barrier(2)

    def take_up() -> tuple[AlertState, ...]:
        engine = open_engine(ledger_engine.url.render_as_string(hide_password=False))
        begun.wait()
        taken = acknowledge(engine, ["a"], Handling("ana", now))
        engine.dispose()
        return taken

    with ThreadPoolExecutor(1) as pool:
        with log.exclusively() as held:
            states = held.states()
            taking = pool.submit(take_up)
            begun.wait()
            held.record(list(states.values()), [], {})
        assert [state.status for state in taking.result(30)] == ["acknowledged"]
    assert log.states()["a"].status == "acknowledged"


def test_a_pass_that_breaks_off_leaves_nothing(ledger_engine: Engine, firing: MakeState, now: datetime) -> None:
    log = LedgerAlertLog(ledger_engine)
    with pytest.raises(RuntimeError), log.exclusively() as held:
        held.record([firing()], [], {})
        held.explain([Decision("follow", "a", "fires", "new")], now)
        raise RuntimeError
    assert log.states() == {}


def test_a_leader_that_was_taken_over_from_cannot_pass(ledger_engine: Engine, lease: Lease, now: datetime) -> None:
    acquire(ledger_engine, lease.name, "another:2:2", now + HOUR, HOUR)
    with pytest.raises(LeaseLostError), LedgerAlertLog(ledger_engine, lease).exclusively():
        pass


def test_a_reason_stays_as_it_is_and_tells_since_when(ledger_engine: Engine, now: datetime) -> None:
    log = LedgerAlertLog(ledger_engine)
    fires, muted = Decision("follow", "a", "fires", "new"), Decision("silence", "a", "muted", "acknowledged by ana")
    log.explain([fires, muted], now)
    log.explain([fires, muted], now + HOUR)
    with reading(ledger_engine) as connection:
        assert set(reasons_of(connection, ["a"])) == {Reason(fires, now), Reason(muted, now)}
    goes_on = Decision("follow", "a", "fires", "goes on")
    log.explain([goes_on], now + 2 * HOUR)
    with reading(ledger_engine) as connection:
        assert reasons_of(connection, ["a"]) == (Reason(goes_on, now + 2 * HOUR),), "no longer silenced"
        assert reasons_of(connection, ["b"]) == ()


def test_what_was_learned_no_longer_explains_an_alert_that_fires(ledger_engine: Engine, now: datetime) -> None:
    log = LedgerAlertLog(ledger_engine)
    learned = Decision("learn", "a", "dropped", "not a problem, says ana")
    log.explain([learned], now)
    log.explain([], now + HOUR)
    with reading(ledger_engine) as connection:
        assert reasons_of(connection, ["a"]) == (Reason(learned, now),)
    log.explain([Decision("follow", "a", "fires", "new")], now + HOUR)
    with reading(ledger_engine) as connection:
        assert [each.decision.stage for each in reasons_of(connection, ["a"])] == ["follow"]


def test_silences_last_until_they_are_over_or_ended(ledger_engine: Engine, now: datetime) -> None:
    move = Silence(now, now + HOUR, "move", Match(team=("search",), kind=("budget",)), keys=("budget:*",))
    later = Silence(now + HOUR, now + 2 * HOUR, "later", Match(severity=("info",)))
    first, second = (add_silence(ledger_engine, each, "ana", now) for each in (move, later))
    assert lasting_silences(ledger_engine, now) == (first, second)
    assert first.silence == move
    assert lasting_silences(ledger_engine, now + HOUR) == (second,)
    ended = end_silence(ledger_engine, second.id, now)
    assert ended is not None
    assert ended.silence.end == now
    assert end_silence(ledger_engine, second.id, now) is None
    assert lasting_silences(ledger_engine, now) == (first,)
