"""One leader at a time, on both databases."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from attributor.ledger.engine import writing
from attributor.ledger.holder import holder_is_dead, this_holder
from attributor.ledger.lease import Lease, LeaseLostError, acquire, hold, release, renew

TTL = timedelta(minutes=1)


def test_a_free_lease_is_taken_and_a_held_one_is_not(ledger_engine: Engine, now: datetime) -> None:
    first = acquire(ledger_engine, "leader", "a:1:1", now, TTL)
    assert first == Lease("leader", "a:1:1", 1, now + TTL)
    assert acquire(ledger_engine, "leader", "b:1:1", now + TTL / 2, TTL) is None


def test_two_names_are_two_leases(ledger_engine: Engine, now: datetime) -> None:
    assert acquire(ledger_engine, "leader", "a:1:1", now, TTL) is not None
    assert acquire(ledger_engine, "sweeper", "b:1:1", now, TTL) is not None


def test_an_expired_lease_is_taken_over_in_a_new_epoch(ledger_engine: Engine, lease: Lease, now: datetime) -> None:
    other = acquire(ledger_engine, "leader", "b:1:1", now + TTL, TTL)
    assert other is not None
    assert other.epoch == lease.epoch + 1


def test_a_renewed_lease_keeps_its_epoch_and_outlives_its_first_expiry(
    ledger_engine: Engine, lease: Lease, now: datetime
) -> None:
    renewed = renew(ledger_engine, lease, now + TTL / 2, TTL)
    assert (renewed.epoch, renewed.expires_at) == (lease.epoch, now + TTL * 1.5)
    assert acquire(ledger_engine, "leader", "b:1:1", now + TTL, TTL) is None


def test_a_released_lease_is_free_at_once(ledger_engine: Engine, lease: Lease, now: datetime) -> None:
    release(ledger_engine, lease)
    other = acquire(ledger_engine, "leader", "b:1:1", now, TTL)
    assert other is not None
    assert other.epoch == lease.epoch + 1


def test_what_was_taken_over_can_neither_be_renewed_nor_held_and_releasing_it_harms_nobody(
    ledger_engine: Engine, lease: Lease, now: datetime
) -> None:
    other = acquire(ledger_engine, "leader", "b:1:1", now + TTL, TTL)
    assert other is not None
    with pytest.raises(LeaseLostError, match="took over 'leader' after epoch 1"):
        renew(ledger_engine, lease, now + TTL, TTL)
    with pytest.raises(LeaseLostError), writing(ledger_engine) as connection:
        hold(connection, lease)
    release(ledger_engine, lease)
    with writing(ledger_engine) as connection:
        hold(connection, other)


def test_of_many_that_race_for_it_exactly_one_wins(ledger_engine: Engine, now: datetime) -> None:
    racers = 8
    together = Barrier(racers)

    def race(number: int) -> Lease | None:
        together.wait()
        return acquire(ledger_engine, "leader", f"elsewhere:{number}:1", now, TTL)

    with ThreadPoolExecutor(racers) as pool:
        won = [lease for lease in pool.map(race, range(racers)) if lease is not None]
    assert len(won) == 1


def test_nobody_takes_over_in_the_middle_of_a_transaction_that_holds_the_lease(
    ledger_engine: Engine, lease: Lease, now: datetime
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with writing(ledger_engine) as connection:
            hold(connection, lease)
            taking_over = pool.submit(acquire, ledger_engine, "leader", "b:1:1", now + TTL, TTL)
            with pytest.raises(TimeoutError):
                taking_over.result(timeout=0.3)
        other = taking_over.result(timeout=20)
    assert other is not None
    assert other.epoch == lease.epoch + 1


def test_a_dead_process_of_this_host_loses_its_lease_at_once(ledger_engine: Engine, now: datetime) -> None:
    program = "from attributor.ledger.holder import this_holder; print(this_holder())"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    holder = ended.stdout.strip()
    assert holder_is_dead(holder)
    assert acquire(ledger_engine, "leader", holder, now, TTL) is not None
    assert acquire(ledger_engine, "leader", this_holder(), now, TTL) is not None


def test_a_live_process_of_this_host_keeps_its_lease(ledger_engine: Engine, now: datetime) -> None:
    assert acquire(ledger_engine, "leader", this_holder(), now, TTL) is not None
    assert acquire(ledger_engine, "leader", "elsewhere:1:1", now, TTL) is None


def test_a_killed_process_that_nobody_waited_for_is_dead() -> None:
    program = """if True:
        import time
        from attributor.ledger.holder import this_holder
        print(this_holder(), flush=True)
        time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        holder = process.stdout.readline().strip()
        assert not holder_is_dead(holder)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert holder_is_dead(holder)


def test_another_process_with_the_same_number_is_not_the_holder() -> None:
    host_and_process, _, start_time = this_holder().rpartition(":")
    assert not holder_is_dead(f"{host_and_process}:{start_time}")
    assert holder_is_dead(f"{host_and_process}:{start_time}0")


@pytest.mark.parametrize("holder", ["elsewhere:1:1", "", "a:b", "no holder of ours"])
def test_of_a_process_elsewhere_nothing_is_known(holder: str) -> None:
    assert not holder_is_dead(holder)
