"""The migrations, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from attributor.ledger import schema
from attributor.ledger.engine import open_engine
from attributor.ledger.schema import OtherSchemaError, migrate, newest_revision, schema_is_current
from attributor.ledger.tables import metadata


def test_the_migrated_schema_is_the_one_that_the_program_uses(ledger_engine: Engine) -> None:
    with ledger_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_revision_is_the_one_that_the_migrations_lead_to() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    assert newest_revision() == ScriptDirectory(folder).get_current_head()


def test_a_ledger_of_a_version_that_nobody_knows_is_refused_as_it_is(empty_ledger_url: str) -> None:
    engine = open_engine(empty_ledger_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not schema_is_current(engine)
    with pytest.raises(OtherSchemaError, match="9999"):
        migrate(engine)
    engine.dispose()


def test_an_empty_database_is_not_current_and_a_migrated_one_is(empty_ledger_url: str) -> None:
    engine = open_engine(empty_ledger_url)
    assert not schema_is_current(engine)
    migrate(engine)
    assert schema_is_current(engine)
    engine.dispose()


def test_migrating_again_keeps_what_is_there(ledger_engine: Engine) -> None:
    with ledger_engine.begin() as connection:
        connection.execute(text("INSERT INTO runs (id, started_at) VALUES ('one', '2026-11-20 00:00:00')"))
    migrate(ledger_engine)
    with ledger_engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM runs")) == "one"


def test_of_several_that_start_at_once_one_migrates_and_the_others_wait(empty_ledger_url: str) -> None:
    starters = 4
    together = Barrier(starters)

    def start(_number: int) -> bool:
        engine = open_engine(empty_ledger_url)
        together.wait()
        migrate(engine)
        current = schema_is_current(engine)
        engine.dispose()
        return current

    with ThreadPoolExecutor(starters) as pool:
        assert all(pool.map(start, range(starters)))


def test_a_migration_that_fails_leaves_no_table_behind(empty_ledger_url: str) -> None:
    engine = open_engine(empty_ledger_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE outbox (in_the_way INTEGER)"))
    with pytest.raises(DBAPIError, match="outbox"):
        migrate(engine)
    assert inspect(engine).get_table_names() == ["outbox"]
    engine.dispose()
