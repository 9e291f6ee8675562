"""Writes the made-up company into a folder."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from attributor.demo.bills import Bill, bills
from attributor.demo.files import write_csv
from attributor.demo.gpus import gpu_hours, gpu_usage
from attributor.demo.incidents import timetable
from attributor.demo.plan import DemoPlan, DemoReport, Progress, untold
from attributor.demo.planted import Written, incidents_json, planted
from attributor.demo.settings import settings_yaml
from attributor.demo.sold import sold_by_all
from attributor.demo.spend import finances
from attributor.demo.tokens import hourly_tokens
from attributor.demo.usage import product_usage, token_usage, training_usage, usage_by_month

SETTINGS = "attributor.yaml"
INCIDENTS = "incidents.json"
_OURS = ("bills", "usage", "later")


@dataclass(frozen=True)
class _Company:
    """Everything in memory, ready to be written."""

    written: Written
    usage: dict[str, pa.Table]


def write_company(folder: Path, plan: DemoPlan, progress: Progress = untold) -> DemoReport:
    """Write bills, usage, rules, budgets and incidents below `folder`, which is made where it is missing.

    An earlier demo there is replaced; raises FileExistsError where something else has a folder or a configuration of
    the same name.
    """
    progress("making up a company", 0, 1)
    company = _make_up(plan)
    found = planted(company.written)
    _clear(folder)
    steps = _steps(folder, company)
    for done, (step, write) in enumerate(steps):
        progress(step, done, len(steps))
        write()
    (folder / SETTINGS).write_text(settings_yaml(company.written.finances.budgets), encoding="utf-8")
    (folder / INCIDENTS).write_text(incidents_json(found, plan.now), encoding="utf-8")
    progress("done", len(steps), len(steps))
    return DemoReport(
        folder=folder,
        charges={bill.source: bill.table.num_rows for bill in company.written.bills.now},
        usage={name: table.num_rows for name, table in company.usage.items()},
        incidents=found,
    )


def _make_up(plan: DemoPlan) -> _Company:
    """Draw everything from the seed; each part has a stream of its own, so that one part does not shift another."""
    spends, rows, gpus, tokens, training, product = (
        np.random.default_rng(s) for s in np.random.SeedSequence(plan.seed).spawn(6)
    )
    when = timetable(plan)
    traffic = hourly_tokens(plan, when, tokens)
    sold = sold_by_all(plan, when, traffic, spends)
    cluster = gpu_hours(plan, when, gpus)
    money = finances(plan, sold, cluster)
    billed = bills(plan, sold, when, money.contracts, rows)
    return _Company(
        Written(plan, when, sold, traffic, billed, money),
        {
            "gpu-prod": gpu_usage(cluster),
            "tokens": token_usage(traffic),
            "training": training_usage(plan, training),
            "product": product_usage(plan, product),
        },
    )


def _clear(folder: Path) -> None:
    """Remove an earlier demo, so that none of its files is read along with the new ones."""
    existing = [folder / name for name in (*_OURS, SETTINGS) if (folder / name).exists()]
    if existing and not (folder / INCIDENTS).is_file():
        raise FileExistsError(f"{existing[0]} is there and is no demo's: choose another folder")
    for path in existing:
        if path.is_dir():
            shutil.rmtree(path)
    folder.mkdir(parents=True, exist_ok=True)


def _steps(folder: Path, company: _Company) -> list[tuple[str, Callable[[], None]]]:
    written = company.written
    later = written.bills.later
    return [
        *((f"bill of {bill.source}", partial(_write_bill, folder, bill)) for bill in written.bills.now),
        (f"bill of {later.source}, restated", partial(_write_bill, folder / "later", later)),
        *(
            (f"usage of {name}", partial(_write_usage, folder / "usage" / name, table, written.plan))
            for name, table in company.usage.items()
        ),
    ]


def _write_bill(folder: Path, bill: Bill) -> None:
    for period, table in bill.split(bill.table):
        path = folder / bill.path(period)
        path.parent.mkdir(parents=True, exist_ok=True)
        bill.write(table, path)


def _write_usage(stem: Path, usage: pa.Table, plan: DemoPlan) -> None:
    stem.parent.mkdir(exist_ok=True)
    for month, table in usage_by_month(usage, plan):
        write_csv(table, stem.with_name(f"{stem.name}-{month}.csv"))
