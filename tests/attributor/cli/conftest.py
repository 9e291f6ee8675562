"""Companies that ran, and the walk from an amount down to the rows that it came from."""

import csv
import gzip
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow.parquet as pq
import pytest

from attributor.config.estimates_rule import ESTIMATES_RULE

HEADER = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,Tags"
)
HELD_BACK = "held back: "


@pytest.fixture(scope="session")
def after_a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small company is kept after its first run, to be copied: that is quicker than running again."""
    return tmp_path_factory.mktemp("ran") / "company"


@pytest.fixture
def ran(company, after_a_run: Path):
    """The small company after a run."""
    if after_a_run.exists():
        shutil.copytree(after_a_run, company.folder, dirs_exist_ok=True)
    else:
        assert company.run().code == 0
        shutil.copytree(company.folder, after_a_run)
    return company


@pytest.fixture
def billed(company) -> Callable[..., Any]:
    """Give the small company this bill, run, and return it.

    A row is "day service billed/effective/list [team=TEAM] [currency=EUR] [invoice=YYYY-MM]".
    """

    def run(*rows: str):
        company.write("bills/november.csv", "\n".join([HEADER, *map(_charge, rows), ""]))
        assert company.run().code == 0
        return company

    return run


def _charge(row: str) -> str:
    day, service, costs, *more = row.split(" ")
    said = {"team": "", "currency": "USD", "invoice": day[:7], **dict(pair.split("=", 1) for pair in more)}
    tags = f'"{{""team"": ""{said["team"]}""}}"' if said["team"] else ""
    period = f"{day}T00:00:00Z,{day}T23:00:00Z"
    return f"{costs.replace('/', ',')},{said['currency']},{said['invoice']}-01,{period},{service},{tags}"


@pytest.fixture(scope="session")
def faults_of() -> Callable[[Path, Any], list[str]]:
    """Walk an explanation down to the files; return whatever does not sum, or is not where it says."""

    def walk(folder: Path, document: Any) -> list[str]:
        rules = (folder / "attributor.yaml").read_text().splitlines()
        read = cache(_amounts)
        column = f"{document['basis'].title()}Cost"
        faults = [] if _sums(document, document["rules"]) else ["the rules do not sum"]
        for rule in document["rules"]:
            says = "price: " if rule["rule"] == ESTIMATES_RULE else f"name: {rule['rule']}"
            if rule["rule"] and says not in rules[rule["line"] - 1]:
                faults.append(f"{rule['file']}:{rule['line']} is not rule {rule['rule']}")
            if not _sums(rule, rule["days"]):
                faults.append(f"{rule['rule']}: the days do not sum")
            for day in rule["days"]:
                faults += [
                    f"{rule['rule']}, {day['day']}: {fault}" for fault in _faults_of_day(folder, day, read, column)
                ]
        return faults

    return walk


def _faults_of_day(folder: Path, day: Any, read: Callable[[Path, str], list[Decimal]], column: str) -> Iterator[str]:
    if not _sums(day, day["weighings"]):
        yield "the weighings do not sum"
    if day["reasons"] and not _sums(day, day["reasons"]):
        yield "the reasons do not sum"
    for flow in (day["step_weights"], *(flow["weights"] for flow in day["step_flows"])):
        if flow and sum(Fraction(weight["share"]) for weight in flow) != 1:
            yield "a shared team's flows are not a whole"
    for weighing in day["weighings"]:
        more = [weighing["more_charges"]] if weighing["more_charges"] else []
        if not _sums(weighing, [*weighing["charges"], *more]):
            yield "the charges do not sum"
        if weighing["weights"] and sum(Fraction(weight["share"]) for weight in weighing["weights"]) != 1:
            yield "the shares are not a whole"
        yield from _faults_of_costs(weighing)
        for charge in weighing["charges"]:
            if not _is_told(charge, partial(read, column=column), partial(read, column="quantity"), folder):
                yield f"{charge['origin']} does not cost {charge['charged']}"
        for used in weighing["usage"]:
            more = [used["more_rows"]] if used["more_rows"] else []
            if sum(Decimal(row["quantity"]) for row in [*used["rows"], *more]) != Decimal(used["quantity"]):
                yield f"the rows of {used['metric']} of {used['owner']} do not sum"
            for row in used["rows"]:
                file, _, line = row["origin"].rpartition(":")
                if read(folder / file, "quantity")[int(line) - 1] != Decimal(row["quantity"]):
                    yield f"{row['origin']} is not {row['quantity']}"


def _faults_of_costs(weighing: Any) -> Iterator[str]:
    """Costs that weighed sum, day by day, to the weight that they were; in an explanation the charges are counted."""
    weights = {weight["owner"]: weight["quantity"] for weight in weighing["weights"]}
    for found in weighing["weighed_by"]:
        if not _sums(found, found["days"]) or weights[found["owner"]] != found["cost"]:
            yield f"the days of {found['owner']} do not sum to its weight"
        if not all(day["charges"] for day in found["days"]):
            yield f"the charges of {found['owner']} are not counted"


def _is_told(
    charge: Any, costs: Callable[..., list[Decimal]], used: Callable[..., list[Decimal]], folder: Path
) -> bool:
    """Say whether the file has what an origin says: a charge, one that is held back, or usage with a price."""
    origin, amount = charge["origin"], Decimal(charge["charged"])
    if origin.startswith(HELD_BACK):
        origin, amount = origin.removeprefix(HELD_BACK), -amount
    estimated = re.fullmatch(r"[\w-]+: ([^;]+):(\d+)( and \d+ more)?; [\d.]+ [A-Z]{3} for .+, by .+", origin)
    if estimated:
        return used(folder / estimated[1])[int(estimated[2]) - 1] > 0
    file, _, row = origin.rpartition(":")
    return costs(folder / file)[int(row) - 1] == amount


def _sums(whole: Any, parts: list[Any]) -> bool:
    return sum(Fraction(part["cost"]) for part in parts) == Fraction(whole["cost"])


def _amounts(path: Path, column: str) -> list[Decimal]:
    """A column of every row of a file as the ledger keeps it, to twelve decimals."""
    if path.suffix == ".parquet":
        costs = [str(cost) for cost in pq.read_table(path, columns=[column])[column].to_pylist()]
    else:
        packed = path.read_bytes()[:2] == b"\x1f\x8b"
        with gzip.open(path, "rt", newline="") if packed else path.open(newline="") as file:
            costs = [row[column] for row in csv.DictReader(file)]
    return [Decimal(cost).quantize(Decimal("1e-12")) for cost in costs]


@pytest.fixture
def hook() -> Callable[[int], Any]:
    """A server at the far side of the network: it answers every POST with a status and keeps the bodies."""

    @contextmanager
    def serve(status: int) -> Iterator[tuple[str, list[bytes]]]:
        received: list[bytes] = []

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook/hush-token", received
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return serve
