"""Bringing the ledger's database to the schema that this version of the program needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from attributor.ledger.engine import reading, writing

_MIGRATIONS = Path(__file__).parent / "migrations"
_POSTGRESQL_LOCK = 7_346_219_005
"""Any number that no other program on the same database locks."""


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables, in one transaction; of two processes at once, one waits and finds nothing to do."""
    _make_folder(engine)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRESQL_LOCK})
        command.upgrade(_configuration(connection), "head")


def schema_is_current(engine: Engine) -> bool:
    """Say whether the tables are those that this program needs; raises SQLAlchemy's OperationalError when down."""
    head = ScriptDirectory.from_config(_configuration()).get_current_head()
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _configuration(connection: Connection | None = None) -> Config:
    configuration = Config(attributes={"connection": connection})
    configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return configuration


def _make_folder(engine: Engine) -> None:
    if engine.dialect.name == "sqlite" and engine.url.database not in {None, "", ":memory:"}:
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
