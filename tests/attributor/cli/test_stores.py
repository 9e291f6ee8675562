"""A ledger or lake that is away, damaged or not to be written is one clear line, never a traceback or a password."""

import shutil
import sqlite3

import pytest

READING = ["showback", "reconcile", "explain --team ads", "alerts list"]


def stored(company, lake: str = "./lake", ledger: str = "sqlite:///ledger.db"):
    config = (company.folder / "attributor.yaml").read_text()
    _, _, rest = config.partition("store: {lake: ./lake, ledger: sqlite:///ledger.db}")
    company.write("attributor.yaml", f"store: {{lake: '{lake}', ledger: '{ledger}'}}{rest}")
    return company


def the_one_line(answer) -> str:
    assert (answer.code, answer.out) == (2, "")
    [line] = answer.err.splitlines()
    assert "hush" not in line
    return line


@pytest.mark.parametrize("command", [*READING, "run", "serve"])
def test_a_database_that_is_not_there_is_named_without_its_password(command: str, company) -> None:
    stored(company, ledger="postgresql://ada:hush@127.0.0.1:1/costs?application_name=hush")
    line = the_one_line(company.command(*command.split()))
    assert line.startswith("the ledger costs at 127.0.0.1:1 cannot be used: connection ")
    assert line.endswith(" — see that it is there and may be written, or correct `ledger:` below `store:`")


def test_a_mistyped_address_does_not_give_the_password_away(company) -> None:
    for ledger in ("postgresql://ada:hush", "postgresql://ada@127.0.0.1:hush/costs"):
        assert "this is not a database URL" in the_one_line(stored(company, ledger=ledger).command("showback"))


@pytest.mark.parametrize("command", ["showback", "run"])
@pytest.mark.parametrize(
    ("ledger", "words"),
    [
        ("sqlite:///file/ledger.db", "file' "),
        ("sqlite:///bills", "unable to open database file"),
        ("sqlite:///bills/november.csv", "file is not a database"),
        ("sqlite:////sys/attributor/ledger.db", "/sys/attributor"),
    ],
)
def test_a_place_where_no_ledger_can_be_kept_is_named(command: str, ledger: str, words: str, company) -> None:
    company.write("file", "mine")
    line = the_one_line(stored(company, ledger=ledger).command(command))
    assert line.startswith("the ledger /")
    assert words in line
    assert (company.folder / "file").read_text() == "mine"


@pytest.mark.parametrize("lake", ["./file/lake", "/sys/attributor/lake", "nothing://known/lake"])
def test_a_place_where_no_lake_can_be_kept_is_named(lake: str, company) -> None:
    company.write("file", "mine")
    line = the_one_line(stored(company, lake=lake).command("run"))
    assert line.startswith("the lake ")
    assert line.endswith(" — see that it is there and may be written, or correct `lake:` below `store:`")


def test_a_ledger_of_a_newer_version_is_left_alone(ran) -> None:
    with sqlite3.connect(ran.folder / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    line = the_one_line(ran.command("showback"))
    assert "ledger.db is of a newer version" in line
    assert "install the version that wrote it" in line


def test_a_ledger_that_another_program_locks_is_told(ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attributor.ledger.engine.create_engine", _impatient)
    connection = sqlite3.connect(ran.folder / "ledger.db")
    connection.execute("BEGIN EXCLUSIVE")
    line = the_one_line(ran.command("run"))
    connection.close()
    assert "database is locked" in line


def _impatient(url, connect_args):
    from sqlalchemy import create_engine

    return create_engine(url, connect_args={**connect_args, "timeout": 0.1})


def test_a_lake_that_is_gone_is_told_with_what_to_do_and_no_number_moves(ran) -> None:
    before = ran.costs()
    shutil.rmtree(ran.folder / "lake")
    assert ran.costs() == before, "reports need the ledger alone"
    for command in ("explain --period 2026-11 --team search", "run"):
        ran.bill("november", "10,31,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
        line = the_one_line(ran.command(*command.split()))
        assert line.startswith(f"the lake {ran.folder / 'lake'} lacks what the ledger names: ")
        assert "put back the lake that belongs to this ledger; where it is lost, move the ledger away too" in line
    assert ran.costs() == before
    (ran.folder / "ledger.db").unlink()
    shutil.rmtree(ran.folder / "lake")
    assert ran.run().code == 0
    assert ran.costs() == {"search": "34", "ads": "11", "unattributed": "2"}


def test_days_that_a_lake_lacks_are_never_taken_for_days_that_cost_nothing(ran) -> None:
    before = ran.costs()
    shutil.rmtree(ran.folder / "lake")
    ran.bill("november", "10,30,team=Srch", "10,9,cluster=prod", "11,6,team=ads", "11,2,owner=unknown")
    ran.usage("10,08,search,2", "10,09,ads,2")
    config = (ran.folder / "attributor.yaml").read_text()
    ran.write("attributor.yaml", config + "  - {name: rest, owner: ads}\n")
    assert "charges has no rows of aws on 2026-11-10" in the_one_line(ran.command("run"))
    assert ran.costs() == before


def test_files_of_the_lake_that_are_damaged_or_gone_are_told(ran) -> None:
    for damage in (lambda file: file.write_bytes(b"not Parquet"), lambda file: file.unlink()):
        for file in (ran.folder / "lake" / "usage").rglob("*.parquet"):
            damage(file)
        answer = ran.command("explain", "--period", "2026-11", "--team", "search")
        assert the_one_line(answer).startswith(f"the lake {ran.folder / 'lake'} ")


def test_with_verbose_the_traceback_is_logged_and_hides_the_password_too(company) -> None:
    stored(company, ledger="postgresql://ada:hush@127.0.0.1:1/costs")
    answer = company.command("--verbose", "showback")
    assert (answer.code, answer.out) == (2, "")
    assert "hush" not in answer.err
