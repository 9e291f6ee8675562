"""When the program is ready, and where it may listen."""

import socket

import pytest

from attributor.app.errors import ConfigurationError
from attributor.app.listening import listening
from attributor.app.pages import reasons_not_ready
from attributor.app.wiring import open_app
from attributor.ledger.engine import open_engine

CONFIG = "store: {{lake: ./lake, ledger: sqlite:///ledger.db}}\nweb: {{listen: '{listen}'}}\naccess: {{open: true}}\n"


def test_a_ledger_of_another_version_is_not_ready(empty_ledger_url: str) -> None:
    engine = open_engine(empty_ledger_url)
    assert reasons_not_ready(engine) == ("the ledger is not at the present schema",)
    engine.dispose()


def test_it_is_ready_when_a_source_was_read(company) -> None:
    with open_app(company.folder / "attributor.yaml") as app:
        assert reasons_not_ready(app.engine) == ("no source has been read yet",)
        company.run()
        assert reasons_not_ready(app.engine) == ()


def settings(make_company, listen: str):
    made = make_company(CONFIG.format(listen=listen))
    with open_app(made.folder / "attributor.yaml") as app:
        return app.settings


def test_a_name_listens_at_every_address_that_it_has(make_company) -> None:
    with listening(settings(make_company, "127.0.0.1:0")) as sockets:
        assert [taken.getsockname()[0] for taken in sockets] == ["127.0.0.1"]
    assert [taken.fileno() for taken in sockets] == [-1], "closed afterwards"


def test_a_port_that_is_taken_is_an_error_with_file_and_fix(make_company) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError) as refused, listening(settings(make_company, listen)):
            pass
    [problem] = refused.value.problems
    assert f"cannot listen at {listen}: Address already in use" in str(problem)
    assert "choose another port" in str(problem)


def test_an_address_of_another_machine_is_an_error(make_company) -> None:
    elsewhere = settings(make_company, "192.0.2.1:8080")  # RFC 5737: never this machine's
    said = r"cannot listen at 192\.0\.2\.1:8080: Cannot assign"
    with pytest.raises(ConfigurationError, match=said), listening(elsewhere):
        pass
