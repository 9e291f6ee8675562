"""A month is closed, restated three times, and opened again: the statement never moves, and nothing is lost."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from attributor.ledger.engine import open_engine
from attributor.ledger.lease import acquire
from attributor.ledger.publications import DayPublication, RuleSetText, publish_day
from attributor.ledger.published_rows import ROLLUP, UNMATCHED_OWNERS, USAGE_ROLLUP
from attributor.ledger.statements import ClosingChangedError
from attributor.ledger.tables import rollup
from attributor.periods import month_of

CONFIG = """
store: {{lake: ./lake, ledger: "{ledger}"}}
sources:
  aws: {{type: focus, path: "bills/*.csv"}}
  gpus: {{type: usage, path: "usage/*.csv"}}
teams: {{search: {{aliases: [srch]}}, ads: , data: }}
rules:
  - {{name: team tag, match: {{tags.team: present}}, owner: {{team: tags.team}}}}
  - {{name: cluster, match: {{tags.cluster: prod}}, split: {{by: gpu.hours, pool: prod, per: day}}}}
{more}
"""
HEADER = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
MONTH = "2025-10"
CORRECTION = ("corrects", "day", "before", "after", "difference")


@dataclass
class Books:
    """A company whose October 2025 is over; what is posted later enters the month in which the test runs."""

    company: Any
    ledger: str = "sqlite:///ledger.db"

    def rules(self, *more: str) -> None:
        self.company.write(
            "attributor.yaml", CONFIG.format(ledger=self.ledger, more="".join(f"  - {rule}\n" for rule in more))
        )

    def bill(self, *rows: tuple[int, str, str]) -> None:
        """Write October's bill: rows of (day, effective cost, tag as key=value)."""
        lines = [HEADER]
        for day, cost, tag in rows:
            key, _, value = tag.partition("=")
            period = f"2025-10-{day:02}T00:00:00Z,2025-10-{day + 1:02}T00:00:00Z"
            lines.append(f'1,{cost},2,USD,{period},EC2,"{{""{key}"": ""{value}""}}"')
        self.company.write("bills/october.csv", "\n".join([*lines, ""]))

    def use(self, *rows: tuple[int, str, str]) -> None:
        """Write October's GPU hours: rows of (day, team, hours)."""
        lines = [f"2025-10-{day:02}T08:00:00Z,gpu.hours,prod,{hours},{team}" for day, team, hours in rows]
        self.company.write("usage/gpus.csv", "\n".join(["hour,metric,pool,quantity,team", *lines, ""]))

    def run(self) -> Any:
        answer = self.company.run()
        assert answer.code == 0, answer.err
        return answer.json

    def close(self, *more: str) -> Any:
        return self.company.command("close", MONTH, "--by", "ana", "--format", "json", *more)

    def costs(self, period: str, by: str = "team") -> dict[Any, str]:
        """Return cost by team, or by the tuple of what is asked."""
        names = by.split(",")
        rows = self.company.command("showback", "--period", period, "--by", by, "--format", "json").json["rows"]
        return {tuple(row[name] for name in names) if len(names) > 1 else row[by]: row["cost"] for row in rows}

    def reconciled(self, period: str = MONTH) -> dict[str, str]:
        answer = self.company.command("reconcile", "--period", period, "--format", "json")
        assert (answer.code, answer.json["difference"]) == (0, "0")
        [found] = answer.json["sources"] or [{}]
        return {name: found.get(name, "") for name in ("charges", "statement", "corrections")}

    def planned(self, rules: str) -> tuple[int, dict[str, str]]:
        """Return the exit code of a plan for October, and by how much each team's cost would change."""
        self.company.write("planned.yaml", f"rules: {rules}\n")
        file = str(self.company.folder / "planned.yaml")
        answer = self.company.command("plan", "--rules", file, "--period", MONTH, "--format", "json")
        moving = {row["team"]: row["difference"] for row in answer.json["teams"] if row["difference"] != "0"}
        return answer.code, moving

    def explained(self, period: str, team: str) -> Any:
        answer = self.company.command("explain", "--period", period, "--team", team, "--format", "json")
        assert answer.code == 0, answer.err
        return answer.json

    def digest(self) -> str:
        answer = self.company.command("statements", "--format", "json")
        assert answer.code == 0, answer.err
        [standing] = [each for each in answer.json["statements"] if each["state"] == "closed"]
        return standing["digest"]


@pytest.fixture
def books(make_company: Callable[[str], Any]) -> Books:
    found = Books(make_company(""))
    found.rules()
    found.bill((1, "30", "team=Srch"), (2, "9", "cluster=prod"), (3, "5", "team=ads"))
    found.use((2, "search", "1"), (2, "ads", "2"))
    return found


@pytest.fixture
def today() -> str:
    """The month in which the test runs: no test of this file is a minute from its end for long."""
    return str(month_of(datetime.now(UTC).date()))


@pytest.mark.slow
def test_a_month_is_planned_closed_restated_three_times_and_opened_again(books: Books, today: str) -> None:
    # While it is open, a restated day is attributed alone, and a plan shows what other rules would move.
    books.bill((1, "28", "team=Srch"), (2, "9", "cluster=prod"), (3, "5", "team=ads"))
    books.run()
    books.bill((1, "30", "team=Srch"), (2, "9", "cluster=prod"), (3, "5", "team=ads"))
    assert books.run()["attributed_days"] == ["2025-10-01"]
    frozen = {"search": "33", "ads": "11"}
    assert books.costs(MONTH) == frozen
    assert books.planned("[{name: all, owner: data}]") == (1, {"search": "-33", "ads": "-11", "data": "44"})

    closed = books.close()
    assert closed.code == 0, closed.err
    assert {row["team"]: row["cost"] for row in closed.json["teams"]} == frozen
    digest = closed.json["digest"]
    assert books.run()["corrected_days"] == []
    assert books.planned("[{name: all, owner: data}]") == (0, {})

    # A charge grows by 2: the day is attributed alone, and the difference enters the open month.
    books.bill((1, "32", "team=Srch"), (2, "9", "cluster=prod"), (3, "5", "team=ads"))
    report = books.run()
    assert (report["attributed_days"], report["corrected_days"]) == ([], ["2025-10-01"])
    assert books.costs(today, "corrects,team") == {(MONTH, "search"): "2"}
    assert books.reconciled() == {"charges": "46", "statement": "44", "corrections": "2"}

    # Only usage changes: money moves between teams, and the charges stay.
    books.use((2, "search", "2"), (2, "ads", "1"))
    assert books.run()["corrected_days"] == ["2025-10-02"]
    assert books.costs(today) == {"search": "5", "ads": "-3"}
    assert books.reconciled()["corrections"] == "2"

    # The statement explains from what was frozen, a correction from what was before and after it.
    assert books.explained(MONTH, "search")["cost"] == frozen["search"]
    explained = books.explained(today, "search")
    assert (explained["cost"], explained["rules"]) == ("5", [])
    assert [tuple(line[word] for word in CORRECTION) for line in explained["corrections"]] == [
        (MONTH, "2025-10-01", "30", "32", "2"),
        (MONTH, "2025-10-02", "3", "6", "3"),
    ]
    weights = explained["corrections"][1]["rules_after"][0]["days"][0]["weighings"][0]["weights"]
    assert {weight["owner"]: weight["share"] for weight in weights} == {"search": "2/3", "ads": "1/3"}

    # A rule changes: nothing of the closed month is out of date. A day comes back to what was frozen: deltas cancel.
    books.rules("{name: rest, owner: data}")
    assert (books.run()["attributed_days"], books.run()["corrected_days"]) == ([], [])
    books.bill((1, "30", "team=Srch"), (2, "9", "cluster=prod"), (3, "4", "team=ads"), (4, "7", "owner=nobody"))
    assert books.run()["corrected_days"] == ["2025-10-01", "2025-10-03", "2025-10-04"]
    assert books.costs(today) == {"search": "3", "ads": "-4", "unattributed": "7"}, "by the rules of its closing"
    assert books.reconciled() == {"charges": "50", "statement": "44", "corrections": "6"}
    assert [line["difference"] for line in books.explained(today, "search")["corrections"]] == ["2", "-2", "3"]
    assert books.costs(MONTH) == frozen
    assert books.digest() == digest

    # Undone, it is attributed by today's rules, and nothing stands twice.
    undone = books.close("--undo", "--yes")
    assert (undone.code, undone.json["undone_by"]) == (0, "ana")
    assert undone.json["taken_back"] == [{"currency": "USD", "billed": "1", "effective": "6", "list": "2"}]
    assert len(books.run()["attributed_days"]) == 4
    assert books.costs(MONTH) == {"search": "36", "ads": "7", "data": "7"}
    assert books.costs(today) == {}
    assert books.reconciled() == {"charges": "50", "statement": "", "corrections": ""}
    assert books.close().json["revision"] == 2
    assert books.digest() != digest
    trail = books.company.command("audit", "--format", "json").json["changes"]
    assert [(change["action"], change["detail"]) for change in trail] == [
        ("close", "2025-10 revision 2"),
        ("close --undo", "2025-10 revision 1"),
        ("close", "2025-10 revision 1"),
    ]


def test_what_stands_in_the_way_of_closing_is_one_line(books: Books, today: str) -> None:
    def refused(*arguments: str) -> str:
        answer = books.company.command("close", *arguments)
        assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
        return answer.err

    assert f"{today} is not over: it can be closed from " in refused(today)
    assert "2025-10 holds no charges" in refused(MONTH)
    books.run()
    books.bill((1, "31", "team=Srch"), (2, "9", "cluster=prod"), (3, "5", "team=ads"))
    books.rules("{name: rest, owner: data}")
    said = refused(MONTH)
    assert "2025-10 is not attributed from what is collected and configured on 2025-10-01, 2025-10-02, " in said
    assert "let `attributor run` attribute them first" in said
    books.run()
    assert "2025-10 is not closed" in refused("--undo", MONTH)
    assert books.close().code == 0
    assert "2025-10 is closed already, by ana at " in refused(MONTH)


def test_nobody_to_ask_and_no_yes_undoes_nothing(books: Books) -> None:
    books.run()
    digest = books.close().json["digest"]
    for arguments in (("--undo", MONTH), (MONTH, "--undo")):
        answer = books.company.command("close", *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert "2025-10 was closed by ana at " in answer.err
        assert "say --yes" in answer.err
    assert books.digest() == digest


@pytest.mark.slow
def test_at_a_terminal_undoing_asks_first(books: Books) -> None:
    books.run()
    books.close()
    assert at_a_terminal(books.company.folder, b"n\n", "close", "--undo", MONTH) == 1
    books.digest()
    assert at_a_terminal(books.company.folder, b"y\n", "close", "--undo", MONTH) == 0
    assert books.company.command("statements", "--format", "json").json["statements"][0]["state"] == "undone"


def at_a_terminal(folder: Path, answer: bytes, *arguments: str) -> int:
    """Run a command whose standard input is a terminal at which somebody types the answer; return its exit code."""
    keyboard, screen = pty.openpty()
    try:
        os.write(keyboard, answer)
        command = [sys.executable, "-m", "attributor", *arguments]
        done = subprocess.run(command, check=False, cwd=folder, stdin=screen, capture_output=True, timeout=60)
        return done.returncode
    finally:
        os.close(keyboard)
        os.close(screen)


def test_a_month_can_be_closed_while_a_daemon_leads_and_the_daemon_then_leaves_its_days(books: Books) -> None:
    books.run()
    engine = open_engine(f"sqlite:///{books.company.folder}/ledger.db")
    now = datetime.now(UTC)
    lease = acquire(engine, "leader", "elsewhere:1:1", now, timedelta(hours=1))
    assert lease is not None
    assert books.close().code == 0
    rules = RuleSetText("other", "rules: []")
    nothing = (ROLLUP.empty_table(), USAGE_ROLLUP.empty_table(), UNMATCHED_OWNERS.empty_table())
    with pytest.raises(ClosingChangedError, match="2025-10 was closed"):
        publish_day(engine, lease, DayPublication(date(2025, 10, 1), rules, (), *nothing), now)
    engine.dispose()
    books.digest()


def test_a_closed_row_that_somebody_changed_is_found(books: Books) -> None:
    books.run()
    books.close()
    assert books.company.command("statements").code == 0
    engine = open_engine(f"sqlite:///{books.company.folder}/ledger.db")
    with engine.begin() as connection:
        row = select(func.min(rollup.c.id)).scalar_subquery()
        connection.execute(update(rollup).where(rollup.c.id == row).values(list_rest=rollup.c.list_rest + 1))
    engine.dispose()
    answer = books.company.command("statements")
    assert (answer.code, "changed" in answer.out, MONTH in answer.err) == (1, True, True)


@pytest.mark.slow
def test_closing_correcting_and_undoing_come_out_alike_on_both_databases(
    make_company: Callable[[str], Any], empty_ledger_url: str, today: str
) -> None:
    books = Books(make_company(""), empty_ledger_url)
    books.rules()
    books.bill((1, "30", "team=search"), (2, "9", "cluster=prod"))
    books.use((2, "search", "1"), (2, "ads", "2"))
    books.run()
    assert books.close().code == 0
    books.bill((1, "30.000000000001", "team=search"), (2, "-9", "cluster=prod"))
    assert books.run()["corrected_days"] == ["2025-10-01", "2025-10-02"]
    assert books.costs(today) == {"search": "-5.999999999999", "ads": "-12"}
    assert books.reconciled()["statement"] == "39"
    books.digest()
    assert books.close("--undo", "--yes").code == 0
    books.run()
    assert (books.costs(MONTH), books.costs(today)) == ({"search": "27.000000000001", "ads": "-6"}, {})
