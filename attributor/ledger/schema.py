"""Bringing the ledger's database to the schema that this version of the program needs.

Alembic is loaded where there is something to migrate: every command would wait a quarter of a second for it.
"""

from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from attributor.ledger.engine import reading, writing

_MIGRATIONS = Path(__file__).parent / "migrations"
_POSTGRESQL_LOCK = 7_346_219_005
"""Any number that no other program on the same database locks."""


class OtherSchemaError(Exception):
    """The tables are of a version that this program does not know."""


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables, in one transaction; of two processes at once, one waits and finds nothing to do.

    Raises OtherSchemaError for a ledger of a newer version, and what the database raises.
    """
    _make_folder(engine)
    if schema_is_current(engine):
        return
    upgrade, unknown = import_module("alembic.command").upgrade, import_module("alembic.util").CommandError
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRESQL_LOCK})
        configuration = import_module("alembic.config").Config(attributes={"connection": connection})
        configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        try:
            upgrade(configuration, "head")
        except unknown as error:
            raise OtherSchemaError(str(error)) from error


def schema_is_current(engine: Engine) -> bool:
    """Say whether the tables are those that this program needs; raises SQLAlchemy's OperationalError when down."""
    with reading(engine) as connection:
        return _revision_of(connection) == newest_revision()


def newest_revision() -> str:
    """Return the revision that the last migration leads to: they are numbered, and their files' names begin so."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _make_folder(engine: Engine) -> None:
    if engine.dialect.name == "sqlite" and engine.url.database not in {None, "", ":memory:"}:
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
