"""A month's statements and journal as files: they sum to the bill, and those of a closed month never move."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

CONFIG = """
company: Acme
store: {lake: ./lake, ledger: "sqlite:///ledger.db"}
sources:
  aws: {type: focus, path: "bills/*.csv"}
  gpus: {type: usage, path: "usage/*.csv"}
teams: {search: {cost_center: "4100", NAME}, ads: {cost_center: "4200"}, data: }
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod, per: day}}
statements:
  journal: {columns: [account, cost_center, team, amount, exact], accounts: {expense: "6500", offset: "1900"}}
"""
HEADER = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"


def _bill(company: Any, cost: str) -> None:
    lines = [HEADER]
    for day, amount, tag in ((1, "30.000000000001", "team=search"), (2, cost, "cluster=prod"), (3, "5", "team=ads")):
        key, _, value = tag.partition("=")
        period = f"2025-10-{day:02}T00:00:00Z,2025-10-{day + 1:02}T00:00:00Z"
        lines.append(f'1,{amount},2,USD,{period},EC2,"{{""{key}"": ""{value}""}}"')
    company.write("bills/october.csv", "\n".join([*lines, ""]))


@pytest.fixture
def closed(make_company: Callable[[str], Any]) -> Any:
    """A company whose October 2025 was closed."""
    company = make_company(CONFIG.replace("NAME", "name: Search"))
    _bill(company, "10")
    usage = ["hour,metric,pool,quantity,team"]
    usage += [f"2025-10-02T08:00:00Z,gpu.hours,prod,{hours},{team}" for team, hours in (("search", 1), ("ads", 2))]
    company.write("usage/gpus.csv", "\n".join([*usage, ""]))
    assert company.run().code == 0
    assert company.command("close", "2025-10", "--by", "ana").code == 0
    return company


def _export(company: Any, folder: Path, *more: str) -> dict[str, bytes]:
    answer = company.command("export", "statements", "--to", str(folder), *more)
    assert answer.code == 0, answer.err
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_of_all_teams_sum_to_the_bill_and_never_move(closed: Any, tmp_path: Path) -> None:
    forms = ("--format", "csv", "--format", "xlsx", "--format", "html", "--format", "markdown", "--format", "json")
    before = _export(closed, tmp_path / "before", *forms)
    assert sorted(name for name in before if name.endswith(".csv")) == [
        "statement-2025-10-ads.csv",
        "statement-2025-10-search.csv",
    ]
    rows = [
        row
        for name, content in before.items()
        if name.endswith(".csv")
        for row in csv.DictReader(io.StringIO(content.decode()))
    ]
    assert sum(Decimal(row["effective"]) for row in rows) == Decimal("45.000000000001")
    [shared] = [row for row in rows if row["section"] == "shared" and row["team"] == "search"]
    assert (shared["effective"], shared["how"]) == (
        "3.333333333334",
        "split by gpu.hours of prod, day by day; 1 of 3 gpu.hours of prod",
    )
    _bill(closed, "20")
    closed.write("attributor.yaml", CONFIG.replace("NAME", "name: Find"))
    assert closed.run().json["corrected_days"] == ["2025-10-02"]
    assert _export(closed, tmp_path / "after", *forms) == before
    corrected = _export(closed, tmp_path / "now", "--month", _this_month(closed), "--team", "search")
    [(name, content)] = corrected.items()
    assert name.endswith("-search-draft.csv")
    [row] = csv.DictReader(io.StringIO(content.decode()))
    assert (row["section"], row["corrects"], row["effective"]) == ("correction", "2025-10", "3.333333333333")


def _this_month(company: Any) -> str:
    rows = company.command("statements", "--format", "json").json["statements"]
    return str(rows[0]["closed_at"][:7])


def test_files_of_all_cost_centers_sum_to_those_of_all_teams(closed: Any, tmp_path: Path) -> None:
    def total(*more: str) -> Decimal:
        files = _export(closed, tmp_path / "-".join(("of", *more)), *more)
        rows = (row for content in files.values() for row in csv.DictReader(io.StringIO(content.decode())))
        return sum((Decimal(row["effective"]) for row in rows), Decimal(0))

    assert total("--cost-centers") == total() == Decimal("45.000000000001")
    names = sorted(path.name for path in (tmp_path / "of---cost-centers").iterdir())
    assert "statement-2025-10-cost-center-4200.csv" in names
    asked = ("export", "statements", "--to", str(tmp_path / "x"), "--cost-centers", "--team", "search")
    assert (closed.command(*asked).code, (tmp_path / "x").exists()) == (2, False)


def test_a_workbook_of_a_cost_center_names_the_totals(closed: Any, tmp_path: Path) -> None:
    files = _export(closed, tmp_path / "out", "--cost-center", "4200", "--format", "xlsx")
    [(name, content)] = files.items()
    assert name == "statement-2025-10-cost-center-4200.xlsx"
    cells = [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content))["Statement"]]
    [total] = [row for row in cells if row[0] == "Total"]
    assert (total[1], total[4]) == (11.666666666666, "11.666666666666")


def test_the_journal_is_in_cents_balanced_and_as_configured(closed: Any, tmp_path: Path) -> None:
    expected = [
        "account,cost_center,team,amount,exact",
        "6500,4100,search,33.33,33.333333333335",
        "6500,4200,ads,11.67,11.666666666666",
        "1900,,,-45.00,-45.000000000001",
    ]
    assert closed.command("export", "journal").out.splitlines() == expected
    file = tmp_path / "finance" / "journal.csv"
    answer = closed.command("export", "journal", "--month", "2025-10", "--to", str(file))
    assert (answer.code, answer.err) == (0, "")
    assert file.read_text().splitlines() == expected
    document = closed.command("export", "journal", "--format", "json").json
    assert (document["final"], len(document["lines"])) == (True, 3)
    draft = closed.command("export", "journal", "--month", "2025-09")
    assert "is not closed: this is a draft" in draft.err


def test_what_cannot_be_exported_is_said_with_exit_code_two(closed: Any, tmp_path: Path) -> None:
    wrong = {
        ("--team", "serch"): "did you mean search",
        ("--cost-center", "77"): "nothing was ever charged to a cost center '77'",
        ("--team", "search", "--cost-center", "4100"): "not both",
        ("--format", "docx"): "docx",
    }
    for asked, said in wrong.items():
        answer = closed.command("export", "statements", "--to", str(tmp_path / "out"), *asked)
        assert answer.code == 2
        assert said in answer.err
    (tmp_path / "taken").write_text("a file")
    for asked in (
        ("statements", "--to", str(tmp_path / "taken" / "x")),
        ("journal", "--to", str(tmp_path / "taken/x")),
    ):
        answer = closed.command("export", *asked)
        assert answer.code == 2
        assert "cannot be written" in answer.err
