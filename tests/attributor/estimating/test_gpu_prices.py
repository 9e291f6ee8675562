"""What a GPU hour costs: by the bill of its machine, else by a list, else by the configuration; the row says which."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from attributor.estimating.gpu_list import ListPrice, ListPrices
from attributor.estimating.machines import Machine
from tests.attributor.conftest import Company

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/*.csv"}
  gpus: {type: usage, path: "usage/gpus.csv"}
  lists: {type: usage, path: "usage/lists.csv"}
teams: {search: {}}
rules:
  - {name: all, owner: search}
prices:
  - name: GPU hours
    metric: gpu.capacity_hours
    price: 9.5
    prefer: [bill, list]
    provider: AWS
    replaces: {source: aws, match: {ServiceName: Amazon EC2}}
"""
ID = "arn:aws:ec2:us-east-1:1:instance/i-0abc"
BILL = (
    "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,ProviderName,ResourceId,"
    "ResourceName"
)


@pytest.fixture
def priced(tmp_path: Path) -> "Machines":
    made = Machines(tmp_path)
    made.write("attributor.yaml", CONFIG)
    made.bill("09", "10")
    made.usage("09", "10", "11")
    made.lists()
    return made


class Machines(Company):
    """A bill of machines, GPUs of theirs, and lists of prices."""

    def bill(self, *days: str, cost: str = "48", resource: str = ID) -> None:
        """i-0abc costs so much a day, billed at nought and effective; a disk of it costs 100, and is not replaced."""
        lines = [BILL]
        for day in days:
            period = f"USD,2026-11-{day}T00:00:00Z,2026-11-{int(day) + 1}T00:00:00Z"
            lines += [f"0,{cost},{period},Amazon EC2,AWS,{resource},", f"100,100,{period},Amazon EBS,AWS,{resource},"]
        self.write("bills/november.csv", "\n".join([*lines, ""]))

    def usage(self, *days: str) -> None:
        """Two GPUs of i-0abc, of which one was seen for half an hour, and one of a machine that has no bill."""
        lines = ["hour,metric,quantity,instance,node,gpu,gpu_model,region"]
        for day in days:
            hour = f"2026-11-{day}T08:00:00Z,gpu.capacity_hours"
            lines += [
                f"{hour},1,I-0abc,n0.corp,GPU-0,NVIDIA H100 80GB HBM3,",
                f"{hour},0.5,I-0abc,n0.corp,GPU-1,NVIDIA H100 80GB HBM3,",
                f"{hour},1,,n1.corp,GPU-2,NVIDIA A100-SXM4-80GB,us-central1",
            ]
        self.write("usage/gpus.csv", "\n".join([*lines, ""]))

    def lists(self, *rows: str) -> None:
        """Rows of day, price, model, region."""
        lines = ["hour,metric,quantity,gpu_model,region,currency,terms,provider"]
        lines += [
            f"2026-11-{d}T00:00:00Z,gpu.list_price,{p},{m},{r},USD,OnDemand,GCP" for d, p, m, r in map(str.split, rows)
        ]
        self.write("usage/lists.csv", "\n".join([*lines, ""]).replace("_80GB", " 80GB"))

    def rows(self, day: str) -> list[tuple[str, Decimal, dict[str, str], Decimal, str]]:
        """Run, and return each estimate of a day: GPU, cost, what is said of its price, the price, its origin."""
        answer = self.run()
        assert answer.code == 0, answer.err
        files = self.folder.glob(f"lake/charges/x_Source=aws.estimated/x_Day=2026-11-{day}/*.parquet")
        newest = max(files, key=lambda path: path.stat().st_mtime_ns)
        with duckdb.connect() as connection:
            found = connection.execute(
                "SELECT Tags['gpu'], EffectiveCost, SkuPriceDetails, ListUnitPrice, x_Origin FROM read_parquet(?)"
                " WHERE x_Basis = 'estimated' ORDER BY ALL",
                [str(newest)],
            ).fetchall()
        return [(gpu, cost, json.loads(details), unit, origin) for gpu, cost, details, unit, origin in found]

    def estimates(self, day: str) -> dict[str, tuple[Decimal, str, str]]:
        """Run, and return cost, origin of the price and the price of each GPU's estimate on a day."""
        return {
            gpu: (cost.normalize(), details["x_PriceOrigin"], f"{unit.normalize()}")
            for gpu, cost, details, unit, _ in self.rows(day)
        }


@pytest.mark.slow
def test_a_gpu_hour_costs_what_the_bill_of_its_machine_says_else_what_is_configured(priced: Machines) -> None:
    # 48 a day over 1.5 GPU hours is 32 an hour; the disk is another service.
    assert priced.estimates("11") == {
        "GPU-0": (32, "bill", "32"),
        "GPU-1": (16, "bill", "32"),
        "GPU-2": (Decimal("9.5"), "override", "9.5"),
    }
    _, _, details, _, words = priced.rows("11")[0]
    assert details == {
        "x_PriceOrigin": "bill",
        "x_PriceSource": "aws",
        "x_PriceInstance": "i-0abc",
        "x_PriceSince": "2026-11-09",
        "x_PriceUntil": "2026-11-09",
        "x_PriceName": "GPU hours",
    }
    assert "by the bill of `aws` for i-0abc, 2026-11-09" in words


@pytest.mark.slow
def test_a_list_goes_before_the_configuration_and_the_bill_before_the_list(priced: Machines) -> None:
    priced.lists("11 3.673477 A100_80GB us-central1", "11 4 A100_80GB europe-west4", "10 1 H100_80GB us-central1")
    found = priced.estimates("11")
    assert found["GPU-0"] == (32, "bill", "32")
    assert found["GPU-2"] == (Decimal("3.673477"), "list", "3.673477")


@pytest.mark.slow
def test_an_estimate_is_made_anew_when_a_bill_of_the_days_before_changes(priced: Machines) -> None:
    assert priced.estimates("11")["GPU-0"][0] == 32
    priced.bill("09", "10", cost="24")
    assert priced.estimates("11")["GPU-0"][0] == 16
    said = json.loads(priced.command("variance", "--period", "2026-11", "--format", "json").out)
    assert said["open"]


@pytest.mark.slow
def test_a_rate_that_does_not_end_is_rounded_and_says_of_which_days_it_is(priced: Machines) -> None:
    priced.bill("09", "10", cost="1")
    assert priced.estimates("11")["GPU-0"] == (Decimal("0.666666667"), "bill", "0.666666667")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("metric: gpu.capacity_hours", "metric: tokens.input", "`prefer` is for prices of GPU hours"),
        ("price: 9.5", "price: 9.5\n    per: 1000", "`prefer` is for prices of one hour"),
        ("prefer: [bill, list]", "prefer: [bills]", "`prefer` is 'bills'"),
        (
            "replaces: {source: aws, match: {ServiceName: Amazon EC2}}",
            "service: x",
            "`prefer: bill` needs to know which charges",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, message: str, priced: Machines) -> None:
    assert old in CONFIG
    priced.write("attributor.yaml", CONFIG.replace(old, new))
    answer = priced.command("check")
    assert answer.code == 2
    assert message in answer.out + answer.err


def listed(model: str, price: str, region: str = "", day: int = 10) -> ListPrice:

    return ListPrice(date(2026, 11, day), model, region, "USD", Decimal(price), "GCP")


@pytest.mark.parametrize(
    ("model", "prices", "amount"),
    [
        ("NVIDIA A100-SXM4-80GB", [listed("A100", "1"), listed("A100 80GB", "2")], "2"),
        ("NVIDIA A100-SXM4-40GB", [listed("A100", "1"), listed("A100 80GB", "2")], "1"),
        ("NVIDIA L40S", [listed("L4", "1")], None),
        ("NVIDIA L4", [listed("L4", "1", day=9), listed("L4", "2", day=10)], "2"),
        ("NVIDIA L4", [listed("L4", "1", "a"), listed("L4", "2", "b")], None),
        ("NVIDIA L4", [listed("L4", "1", "a"), listed("L4", "1", "b")], "1"),
        ("NVIDIA L4", [listed("L4", "1", day=1)], None),
        ("", [listed("L4", "1")], None),
    ],
)
def test_the_list_price_of_the_gpu_that_the_driver_names(model: str, prices: list, amount: str | None) -> None:

    known = ListPrices(prices)
    found = known.rate(date(2026, 11, 11), model, "", "USD")
    assert (found and found.amount) == (amount and Decimal(amount))
    assert known.rate(date(2026, 11, 11), model, "", "EUR") is None


def test_a_machine_is_known_by_its_instance_its_node_and_the_nodes_short_name() -> None:
    assert Machine("I-1", "N0.corp").names == ("i-1", "n0.corp", "n0")
    assert Machine("", "n0").names == ("n0",)
