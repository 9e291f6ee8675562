"""`attributor export focus`: what was allocated, as FOCUS 1.3 rows that sum to the bill and to the ledger."""

import csv
import io
import json
import shutil
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, insert

from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import rollup

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/*.csv"}
  gpus: {type: usage, path: "usage/*.csv"}
teams:
  search: {name: Search Team, cost_center: "4100"}
  ads: {}
  platform: {}
rules:
  - {name: cluster, match: {tags.kind: cluster}, split: {by: gpu.hours, pool: prod, idle: holder}}
  - {name: unmeasured, match: {tags.kind: unmeasured}, split: {by: requests}}
  - {name: tag, match: {tags.team: present}, owner: {team: tags.team, project: tags.project}}
shared:
  - {team: platform, split: {fixed: {search: 1, ads: 2}}}
"""
HEADER = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,ConsumedQuantity,ConsumedUnit,ListUnitPrice,BillingCurrency,"
    "ProviderName,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ServiceName,ResourceId,Tags"
)
SUMMABLE = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity")
OURS = ("x_Team", "x_Project", "x_Environment", "x_CostCenter", "x_Rule", "x_Method", "x_IdleCause", "x_SharedStep")


def _charge(day: int, cost: str, **tags: str) -> str:
    written = json.dumps(tags).replace('"', '""')
    period = f"2026-11-01T00:00:00Z,2026-11-{day}T00:00:00Z,2026-11-{day + 1}T00:00:00Z"
    return f'{cost},{cost},{cost},0.7,10.000000000000000001,Hours,0.5,USD,AWS,{period},EC2,i-{day},"{written}"'


@pytest.fixture(scope="module")
def after_a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the company is kept after its run, to be copied: that is quicker than running again."""
    return tmp_path_factory.mktemp("allocated") / "company"


@pytest.fixture
def allocated(make_company, after_a_run: Path):
    """A company whose charges are whole, split, idle, passed on and nobody's, after a run."""
    company = make_company(CONFIG)
    if after_a_run.exists():
        shutil.copytree(after_a_run, company.folder, dirs_exist_ok=True)
        return company
    rows = [
        _charge(10, "3.000000000001", team="search", project="x"),
        _charge(10, "10", kind="cluster"),
        _charge(10, "-0.000000000007", kind="cluster"),
        _charge(11, "7", kind="unmeasured"),
        _charge(11, "5", team="platform"),
        _charge(11, "2", owner="nobody"),
    ]
    company.write("bills/november.csv", "\n".join([HEADER, *rows, ""]))
    usage = ["10T08,gpu.hours,2,search", "10T09,gpu.hours,1,ads", "10T09,gpu.busy_hours,0.5,ads"]
    hours = [line.split(",") for line in [*usage, "10T09,gpu.capacity_hours,7,"]]
    lines = [f"2026-11-{at}:00:00Z,{metric},prod,{much},{team}" for at, metric, much, team in hours]
    company.write("usage/gpus.csv", "\n".join(["hour,metric,pool,quantity,team", *lines, ""]))
    assert company.run().code == 0
    shutil.copytree(company.folder, after_a_run)
    return company


def _export(company, folder: Path):
    answer = company.command("export", "focus", "--period", "2026-11", "--to", str(folder), "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    return answer.json


def _rows(folder: Path) -> list[dict]:
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_each_day_is_a_file_whose_rows_sum_to_the_ledger(allocated, tmp_path: Path) -> None:
    document = _export(allocated, tmp_path / "out" / "focus")
    assert [Path(file["file"]).name for file in document["files"]] == [
        "focus-2026-11-10.parquet",
        "focus-2026-11-11.parquet",
    ]
    assert [(file["day"], file["charges"], file["effective"]) for file in document["files"]] == [
        ("2026-11-10", 3, {"USD": "12.999999999994"}),
        ("2026-11-11", 3, {"USD": "14"}),
    ]
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in _rows(tmp_path / "out" / "focus"):
        sums[f"{row['ChargePeriodStart']:%Y-%m-%d}", row["x_Team"]] += row["EffectiveCost"]
    assert sums == {key: Decimal(cost) for key, cost in allocated.costs("day", "team").items()}


def test_allocated_rows_replace_their_origin_and_sum_to_it_in_every_metric(allocated, tmp_path: Path) -> None:
    _export(allocated, tmp_path / "out")
    by_origin = defaultdict(list)
    for row in _rows(tmp_path / "out"):
        by_origin[row["x_Origin"]].append(row)
    costs = ["3.000000000001", "10", "-0.000000000007", "7", "5", "2"]
    assert len(by_origin) == len(costs)
    for number, cost in enumerate(costs, 1):
        rows = by_origin[f"bills/november.csv:{number}"]
        wanted = [Decimal(cost)] * 3 + [Decimal("0.7"), Decimal("10.000000000000000001")]
        assert [sum(row[column] for row in rows) for column in SUMMABLE] == wanted
        for column in pq.read_schema(next((tmp_path / "out").iterdir())).names:
            if column not in (*SUMMABLE, *OURS, "x_Fallback") and not column.startswith("Allocated"):
                assert len({row[column] for row in rows}) == 1, f"{column} is another than the origin's"


def test_ratios_are_exact_decimals_that_sum_to_one(allocated, tmp_path: Path) -> None:
    _export(allocated, tmp_path / "out")
    ratios = defaultdict(list)
    for row in _rows(tmp_path / "out"):
        if row["AllocatedMethodDetails"] is not None:
            [element] = json.loads(row["AllocatedMethodDetails"], parse_float=Decimal, parse_int=Decimal)["Elements"]
            ratios[row["x_Origin"]].append(element["AllocatedRatio"])
    assert {origin: sum(found) for origin, found in ratios.items()} == {
        f"bills/november.csv:{number}": 1 for number in (2, 3, 4, 5)
    }
    assert [str(ratio) for ratio in ratios["bills/november.csv:5"]] == ["0.666666666666", "0.333333333334"]


def test_what_is_split_says_how_and_to_whom_and_what_is_whole_says_nothing(allocated, tmp_path: Path) -> None:
    _export(allocated, tmp_path / "out")
    told = defaultdict(list)
    for row in _rows(tmp_path / "out"):
        allocation = [row[f"Allocated{name}"] for name in ("MethodId", "ResourceId", "ResourceName", "Tags")]
        told[row["x_Origin"].rpartition(":")[2]].append((row["x_Team"], row["x_IdleCause"], *allocation))
    nothing = (None, None, None, None)
    assert told["1"] == [("search", None, *nothing)]
    assert told["6"] == [("unattributed", None, *nothing)]
    search = '{"attributor/team":"search","attributor/cost_center":"4100","attributor/idle_cause":"held"}'
    assert told["2"] == [
        ("ads", None, "attributor/usage", "ads", "ads", '{"attributor/team":"ads"}'),
        ("ads", "held", "attributor/usage", "ads", "ads", '{"attributor/team":"ads","attributor/idle_cause":"held"}'),
        ("idle", "unallocated", "attributor/usage", None, None, None),
        ("search", "held", "attributor/usage", "search", "Search Team", search),
    ]
    assert told["4"] == [("unattributed", None, "attributor/usage", None, None, None)]
    assert [row[:3] for row in told["5"]] == [
        ("ads", None, "attributor/step-down"),
        ("search", None, "attributor/step-down"),
    ]


def test_the_files_keep_the_rules_of_focus_1_3(allocated, tmp_path: Path) -> None:
    _export(allocated, tmp_path / "out")
    schema = pq.read_schema(tmp_path / "out" / "focus-2026-11-10.parquet")
    never_null = {"BilledCost", "EffectiveCost", "ListCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd"}
    assert {field.name for field in schema if not field.nullable} == never_null | {"x_Team", "x_Method"}
    for column in SUMMABLE[:4]:
        assert schema.field(column).type == pa.decimal128(38, 12)
    assert schema.field("ChargePeriodStart").type == pa.timestamp("us", tz="UTC")
    names = schema.names
    assert [name.startswith("x_") for name in names] == sorted(name.startswith("x_") for name in names)
    for row in _rows(tmp_path / "out"):
        assert "" not in row.values()
        assert row["ServiceProviderName"] == row["ProviderName"] == "AWS"
        assert isinstance(json.loads(row["Tags"]), dict)
        allocated_columns = [name for name in names if name.startswith("Allocated")]
        if row["AllocatedMethodId"] is None:
            assert [row[name] for name in allocated_columns] == [None] * 5
            continue
        details = json.loads(row["AllocatedMethodDetails"])
        for element in details["Elements"]:
            assert 0 <= element["AllocatedRatio"] <= 1
            assert ("UsageQuantity" in element) <= ("UsageUnit" in element)
            assert all(key in ("AllocatedRatio", "UsageUnit", "UsageQuantity") for key in element)
        assert (row["AllocatedResourceId"] is None) == (row["x_Team"] in ("unattributed", "idle"))
        assert (row["AllocatedResourceName"] is None) == (row["AllocatedResourceId"] is None)
        assert not set(json.loads(row["AllocatedTags"] or "{}")) & set(json.loads(row["Tags"]))


def test_the_export_can_be_read_again_as_a_bill(allocated, tmp_path: Path) -> None:
    _export(allocated, tmp_path / "again")
    config = CONFIG.replace("ledger.db", "second.db").replace("./lake", "./second").replace("bills/*.csv", "again")
    (tmp_path / "second.yaml").write_text(config)
    arguments = ("-c", str(tmp_path / "second.yaml"), "--format", "json")
    assert allocated.command("run", *arguments).code == 0
    [source] = allocated.command("reconcile", "--period", "2026-11", *arguments).json["sources"]
    assert (source["charges"], source["difference"]) == ("26.999999999994", "0")


def test_a_second_export_replaces_files_and_removes_days_that_are_gone(allocated, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    _export(allocated, folder)
    for name in ("focus-2026-10-31.parquet", "focus-2026-11-29.parquet", "notes.txt"):
        (folder / name).write_bytes(b"kept or not")
    allocated.write("bills/november.csv", "\n".join([HEADER, _charge(10, "4", team="ads"), ""]))
    allocated.run()
    _export(allocated, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "focus-2026-10-31.parquet",
        "focus-2026-11-10.parquet",
        "notes.txt",
    ]
    assert [
        (row["x_Team"], row["EffectiveCost"]) for row in pq.read_table(folder / "focus-2026-11-10.parquet").to_pylist()
    ] == [("ads", 4)]


@pytest.fixture
def corrected(allocated):
    """The company with corrections of October, posted on a day that has charges and on one that has none."""
    posted = [(10, "1.500000000001", "search"), (10, "-0.25", "idle"), (29, "-4", "ads")]
    correction = {"corrects": "2026-10", "corrected_day": date(2026, 10, 3), "billing_month": "2026-10"}
    empty = dict.fromkeys(
        ("model", "dimensions", "shared_step", "idle_cause", "fallback", "environment", "project"), ""
    )
    told = {"source": "aws", "currency": "USD", "basis": "billed", "service": "EC2", "provider": "AWS", "rule": "tag"}
    told |= {"account": "1111", "category": "Usage", "method": "direct", "cost_center": ""}
    engine = create_engine(f"sqlite:///{allocated.folder / 'ledger.db'}")
    with engine.begin() as connection:
        for day, cost, team in posted:
            costs = [money_values(name, Decimal(cost)) for name in ("billed", "effective", "list")]
            row = {**empty, **told, **correction, **reduce(or_, costs), "day": date(2026, 11, day), "team": team}
            connection.execute(insert(rollup).values(row))
    engine.dispose()
    return allocated


def test_what_corrects_closed_months_is_in_the_file_of_the_day_it_was_posted_on(corrected, tmp_path: Path) -> None:
    document = _export(corrected, tmp_path / "out")
    assert [(file["day"], file["rows"], file["charges"], file["corrections"]) for file in document["files"]] == [
        ("2026-11-10", 11, 3, 2),
        ("2026-11-11", 4, 3, 0),
        ("2026-11-29", 1, 0, 1),
    ]
    assert document["files"][2]["effective"] == {"USD": "-4"}
    [row] = pq.read_table(tmp_path / "out" / "focus-2026-11-29.parquet").to_pylist()
    assert {name: value for name, value in row.items() if value is not None} == {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), Decimal(-4)),
        "BillingCurrency": "USD",
        "ChargePeriodStart": datetime(2026, 10, 3, tzinfo=UTC),
        "ChargePeriodEnd": datetime(2026, 10, 4, tzinfo=UTC),
        "BillingPeriodStart": datetime(2026, 10, 1, tzinfo=UTC),
        "BillingPeriodEnd": datetime(2026, 11, 1, tzinfo=UTC),
        "SubAccountId": "1111",
        "ServiceProviderName": "AWS",
        "ProviderName": "AWS",
        "ServiceName": "EC2",
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction",
        "x_Source": "aws",
        "x_Team": "ads",
        "x_Rule": "tag",
        "x_Method": "direct",
        "x_Basis": "billed",
        "x_Corrects": "2026-10",
    }


def test_a_months_files_sum_to_its_showback_with_its_corrections(corrected, tmp_path: Path) -> None:
    _export(corrected, tmp_path / "out")
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in _rows(tmp_path / "out"):
        sums[row["x_Corrects"] or "", row["x_Team"]] += row["EffectiveCost"]
    assert sums == {key: Decimal(cost) for key, cost in corrected.costs("corrects", "team").items()}
    assert sums["2026-10", "ads"] == -4


def test_people_read_a_table_and_programs_read_csv(allocated, tmp_path: Path) -> None:
    arguments = ("export", "focus", "--period", "2026-11", "--to", str(tmp_path / "out"))
    answer = allocated.command(*arguments)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("2026-11, FOCUS 1.3\n")
    rows = list(csv.DictReader(io.StringIO(allocated.command(*arguments, "--format", "csv").out)))
    assert [(row["day"], row["rows"], row["charges"]) for row in rows] == [
        ("2026-11-10", "9", "3"),
        ("2026-11-11", "4", "3"),
    ]


def test_a_month_without_charges_is_said(allocated, tmp_path: Path) -> None:
    answer = allocated.command("export", "focus", "--period", "2020-01", "--to", str(tmp_path / "out"))
    assert (answer.code, answer.err) == (0, "no charges are published in 2020-01\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_in_one_line(allocated, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    answer = allocated.command("export", "focus", "--period", "2026-11", "--to", str(tmp_path / "taken" / "out"))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"{tmp_path / 'taken' / 'out'} cannot be written: ")
    assert allocated.command("export", "focus").code == 2
