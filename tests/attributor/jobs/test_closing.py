"""A month is closed, restated three times, and opened again: the statement never moves, and nothing is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

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


def test_a_month_is_closed_restated_three_times_and_opened_again(books: Books, today: str) -> None:
    books.run()
    frozen = {"search": "33", "ads": "11"}
    closed = books.close()
    assert closed.code == 0, closed.err
    assert {row["team"]: row["cost"] for row in closed.json["teams"]} == frozen
    digest = closed.json["digest"]
    assert books.run()["corrected_days"] == []

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
