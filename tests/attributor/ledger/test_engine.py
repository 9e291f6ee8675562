"""How the ledger's database is opened, read and written."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine, insert, select, update

from attributor.ledger.engine import open_engine, reading, writing
from attributor.ledger.tables import runs


def test_two_reads_see_the_ledger_as_it_was_at_one_moment(ledger_engine: Engine, now: datetime) -> None:
    with reading(ledger_engine) as connection:
        assert connection.execute(select(runs.c.id)).all() == []
        with writing(ledger_engine) as other:
            other.execute(insert(runs).values(id="one", started_at=now))
        assert connection.execute(select(runs.c.id)).all() == []
    with reading(ledger_engine) as connection:
        assert connection.scalar(select(runs.c.id)) == "one"


def test_writers_that_first_read_wait_for_each_other_and_lose_no_change(ledger_engine: Engine, now: datetime) -> None:
    with writing(ledger_engine) as connection:
        connection.execute(insert(runs).values(id="counter", started_at=now, summary="0"))

    def count(_writer: int) -> None:
        for _ in range(10):
            with writing(ledger_engine) as connection:
                before = connection.scalar(select(runs.c.summary).with_for_update())
                connection.execute(update(runs).values(summary=str(int(before or 0) + 1)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    with reading(ledger_engine) as connection:
        assert connection.scalar(select(runs.c.summary)) == "40"


def test_an_exception_leaves_nothing_written(ledger_engine: Engine, now: datetime) -> None:
    with pytest.raises(RuntimeError, match="power cut"), writing(ledger_engine) as connection:
        connection.execute(insert(runs).values(id="one", started_at=now))
        raise RuntimeError("power cut")
    with reading(ledger_engine) as connection:
        assert connection.execute(select(runs)).all() == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_url_means_psycopg_and_hides_its_password(scheme: str) -> None:
    engine = open_engine(f"{scheme}://someone:geheim@127.0.0.1:1/ledger")
    assert engine.driver == "psycopg"
    assert "geheim" not in repr(engine)
