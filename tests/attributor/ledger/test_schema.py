"""The migrations, on both databases."""

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate, schema_is_current
from attributor.ledger.tables import metadata


def test_the_migrated_schema_is_the_one_that_the_program_uses(ledger_engine: Engine) -> None:
    with ledger_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_an_empty_database_is_not_current_and_a_migrated_one_is(empty_ledger_url: str) -> None:
    engine = open_engine(empty_ledger_url)
    assert not schema_is_current(engine)
    migrate(engine)
    assert schema_is_current(engine)
    engine.dispose()
