"""The copy in columns says what the ledger says, edition by edition, on both databases."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, delete, event, insert, select, text

from attributor.ledger.day_editions import day_editions_in
from attributor.ledger.editions import REPORTED, edition
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease
from attributor.ledger.mirror import mirror as mirror_module
from attributor.ledger.mirror.mirror import AS_A_WHOLE, BY_DAY, Mirror
from attributor.ledger.owner_filter import HiddenError, OwnerFilter
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.published_rows import USAGE_ROLLUP
from attributor.ledger.tables import corrections, coverage, leases, rollup, rule_sets
from attributor.ledger.team_days import sum_team_days

Publish = Callable[..., None]


@pytest.fixture
def publish(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
    day: date,
    now: datetime,
) -> Publish:
    """Publish what some teams cost on a day, and one piece of usage."""

    def put(*teams: str, of: date = day) -> None:
        rows = rollup_rows(*({"team": team, "effective": Decimal("1.000000000001")} for team in teams))
        used = {"source": "gpus", "metric": "gpu.hours", "pool": "p", "team": "ads", "model": ""}
        used |= {"quantity": Decimal(len(teams))}
        usage = pa.Table.from_pylist([used], schema=USAGE_ROLLUP)
        publish_day(ledger_engine, lease, publication("aws", day=of, rollup=rows, usage=usage), now)

    return put


@pytest.fixture
def mirror(ledger_engine: Engine) -> Mirror:
    return Mirror(ledger_engine)


def said(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table that reports are made of."""
    with reading(engine) as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=str) for table in REPORTED}


def seen_in(engine: Engine) -> str:
    with reading(engine) as connection:
        return edition(connection)


def copied(mirror: Mirror, engine: Engine) -> Engine:
    """Let the copy follow, and return what reads it."""
    mirror.follow()
    found = mirror.engine_at(seen_in(engine))
    assert found is not None
    return found


def teams_in(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(rollup.c.team).order_by(rollup.c.team)))


def test_every_table_that_reports_are_made_of_is_copied_a_day_at_a_time_or_as_a_whole() -> None:
    assert set(BY_DAY) | set(AS_A_WHOLE) == REPORTED
    assert all("day" in table.c for table in BY_DAY)


def test_the_copy_says_what_the_ledger_says_row_by_row(ledger_engine: Engine, mirror: Mirror, publish: Publish) -> None:
    publish("ads", "search")
    with writing(ledger_engine) as connection:
        span = {"source": "aws", "start": datetime(2026, 11, 1).astimezone(), "end": datetime(2026, 11, 2).astimezone()}
        connection.execute(insert(coverage).values(span))
    found = said(copied(mirror, ledger_engine))
    assert found == said(ledger_engine)
    assert all(found[name] for name in ("rollup", "team_days", "usage_rollup", "publications", "rule_sets", "coverage"))


def test_what_is_published_anew_takes_the_place_of_what_was_copied(
    ledger_engine: Engine, mirror: Mirror, publish: Publish, day: date
) -> None:
    publish("ads", "search")
    publish("ads", of=day - timedelta(days=1))
    copied(mirror, ledger_engine)
    publish("data", "search")  # as many rows as before, which SQLite numbers as before
    publish(of=day - timedelta(days=1))
    assert said(copied(mirror, ledger_engine)) == said(ledger_engine)


def test_only_the_days_and_tables_that_changed_are_read_again(
    ledger_engine: Engine, mirror: Mirror, publish: Publish, day: date
) -> None:
    for back in range(3):
        publish("ads", of=day - timedelta(days=back))
    copied(mirror, ledger_engine)
    asked: list[tuple[str, Any]] = []
    event.listen(ledger_engine, "before_cursor_execute", lambda _c, _u, words, given, *_: asked.append((words, given)))
    mirror.follow()
    assert [words for words, _ in asked if "FROM" in words and "FROM editions" not in words.replace("\n", "")] == []
    publish("search")
    asked.clear()
    mirror.follow()
    days = [given for words, given in asked if "FROM rollup" in words]
    assert len(days) == 1
    assert str(day) in str(days[0]) or day in tuple(days[0].values())
    assert not [words for words, _ in asked if "FROM corrections" in words]


def test_an_edition_that_was_not_copied_yet_is_read_from_the_ledger(
    ledger_engine: Engine, mirror: Mirror, publish: Publish
) -> None:
    publish("ads")
    assert mirror.current() is ledger_engine
    held = copied(mirror, ledger_engine)
    assert mirror.current() is held
    publish("search")
    assert mirror.engine_at(seen_in(ledger_engine)) is None
    assert mirror.current() is ledger_engine


def test_whoever_reads_while_the_copy_follows_sees_one_moment(
    ledger_engine: Engine, mirror: Mirror, publish: Publish
) -> None:
    publish("ads")
    held = copied(mirror, ledger_engine)
    with held.connect() as connection:
        query = select(rollup.c.team)
        assert connection.scalars(query).all() == ["ads"]
        publish("search", "data")
        mirror.follow()
        assert connection.scalars(query).all() == ["ads"]
    assert teams_in(held) == ["data", "search"]


def test_what_could_not_be_copied_whole_is_not_seen_in_part(
    ledger_engine: Engine, mirror: Mirror, publish: Publish, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("ads")
    held, before = copied(mirror, ledger_engine), seen_in(ledger_engine)
    publish("search")
    publish("search", of=day - timedelta(days=1))
    copy_day = mirror_module.copy_day

    def fail_later(source: Connection, copy: Any, table: Any, of: date) -> int:
        if of < day:
            raise OSError("the disk is gone")
        return copy_day(source, copy, table, of)

    with monkeypatch.context() as patch:
        patch.setattr(mirror_module, "copy_day", fail_later)
        with pytest.raises(OSError, match="the disk is gone"):
            mirror.follow()
    assert teams_in(held) == ["ads"]
    assert mirror.engine_at(before) is held
    assert said(copied(mirror, ledger_engine)) == said(ledger_engine)


def test_where_most_changed_another_copy_is_made_and_readers_keep_the_old_one(
    ledger_engine: Engine, mirror: Mirror, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_module, "_MOST_DAYS", 1)
    publish("ads")
    held = copied(mirror, ledger_engine)
    publish("search")
    assert copied(mirror, ledger_engine) is held
    publish("data")
    another = copied(mirror, ledger_engine)
    assert another is not held
    assert (teams_in(held), teams_in(another)) == (["search"], ["data"])


def test_a_day_that_lost_all_its_rows_is_empty_in_the_copy(
    ledger_engine: Engine, mirror: Mirror, publish: Publish, day: date
) -> None:
    publish("ads")
    held = copied(mirror, ledger_engine)
    with writing(ledger_engine) as connection:
        connection.execute(delete(rollup))
        sum_team_days(connection, (day,))
    assert copied(mirror, ledger_engine) is held
    assert teams_in(held) == []


def test_a_day_has_another_edition_each_time_it_is_written(ledger_engine: Engine, publish: Publish, day: date) -> None:
    found = set()
    for _ in range(2):
        publish("ads")
        with reading(ledger_engine) as connection:
            editions = day_editions_in(connection)
        assert set(editions) == {day}
        found.add(editions[day])
    assert len(found) == 2


def test_whoever_may_see_some_teams_sees_no_other_one_in_the_copy(ledger_engine: Engine, publish: Publish) -> None:
    owners = OwnerFilter(ledger_engine)
    mirror = Mirror(ledger_engine, owners.keep)
    publish("ads", "search")
    held = copied(mirror, ledger_engine)
    with owners.seen_by(frozenset({"ads"})):
        assert teams_in(held) == ["ads"]
        with held.connect() as connection:
            assert connection.execute(select(rule_sets)).all() == []
            with pytest.raises(HiddenError):
                connection.execute(text("SELECT team FROM rollup"))
    assert teams_in(held) == ["ads", "search"]


def test_no_other_table_is_in_the_copy(ledger_engine: Engine, mirror: Mirror, publish: Publish) -> None:
    publish("ads")
    with copied(mirror, ledger_engine).connect() as connection:
        assert connection.execute(select(corrections)).all() == []
        with pytest.raises(Exception, match="leases does not exist"):
            connection.execute(select(leases))


def test_a_reader_who_asks_nothing_ends_without_a_word(
    ledger_engine: Engine, mirror: Mirror, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    publish("ads")
    held = copied(mirror, ledger_engine)
    with held.connect():
        pass
    assert caplog.records == []
    assert teams_in(held) == ["ads"]
