"""`attributor reconcile`: charges against allocations, to the last unit."""

import json
from collections.abc import Mapping
from typing import Any

import click

from attributor.app.invoicing import invoiced
from attributor.app.reading import open_ledger
from attributor.cli.options import FOUND_SOMETHING, config_option, config_path, format_option
from attributor.cli.output import write_csv, write_json, write_table
from attributor.cli.periods import period_option
from attributor.money import plain
from attributor.periods import Month, month_of
from attributor.reports.reconcile import Reconciliation, reconcile, reconcile_document

_COLUMNS = ("source", "charges", "allocated", "difference")
_OF_CLOSED = ("source", "charges", "statement", "corrections", "difference")
"""The columns of a closed month: what was allocated is what its statement holds, and what was corrected later."""
_CONTROLS = ("source", "currency", "files", "written", "rounded", "stored", "difference", "kept")
_INVOICES = ("source", "currency", "basis", "match", "total", "stored", "difference", "tolerance", "within")


@click.command("reconcile")
@config_option
@format_option
@period_option
@click.pass_context
def command(context: click.Context, form: str, period: Month | None) -> None:
    """Compare charges with allocations, and both with what files and invoices say; exit 1 where they differ."""
    path = config_path(context)
    with open_ledger(path) as ledger:
        month = period or month_of(ledger.clock().date())
        report = reconcile(ledger.engine, month, invoiced(path, ledger.engine, month))
    _write(report, form)
    if not report.agrees:
        context.exit(FOUND_SOMETHING)


def _write(report: Reconciliation, form: str) -> None:
    document, columns = reconcile_document(report), _OF_CLOSED if report.is_closed else _COLUMNS
    if form == "json":
        write_json(document)
    elif form == "csv":
        write_csv(columns, document["sources"])
    else:
        rows = [*document["sources"], {"source": "total", "difference": plain(report.difference)}]
        closed = ", closed" if report.is_closed else ""
        write_table(f"{report.period}, effective cost{closed}", columns, rows, right=columns[1:])
        _write_controls(document)


def _write_controls(document: Mapping[str, Any]) -> None:
    controls = [
        {**control, **(control["bases"].get("effective") or next(iter(control["bases"].values())))}
        | {"difference": control["difference"]}
        for control in document["controls"]
    ]
    if controls:
        write_table("what the files say, effective cost", _CONTROLS, controls, right=_CONTROLS[3:])
    if document["invoices"]:
        invoices = [{**invoice, "match": _told(invoice["match"])} for invoice in document["invoices"]]
        write_table(f"invoices of {document['period']}", _INVOICES, invoices, right=_INVOICES[4:-1])


def _told(match: Mapping[str, Any] | None) -> str:
    return "all charges" if match is None else json.dumps(match, ensure_ascii=False)
