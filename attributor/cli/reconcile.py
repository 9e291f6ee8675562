"""`attributor reconcile`: charges against allocations, to the last unit."""

import click

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


@click.command("reconcile")
@config_option
@format_option
@period_option
@click.pass_context
def command(context: click.Context, form: str, period: Month | None) -> None:
    """Compare what was charged with what was allocated; exit 1 where they differ."""
    with open_ledger(config_path(context)) as ledger:
        report = reconcile(ledger.engine, period or month_of(ledger.clock().date()))
    _write(report, form)
    if report.difference:
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
