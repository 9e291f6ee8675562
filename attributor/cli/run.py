"""`attributor run`: collect, attribute, watch, once, in the foreground."""

from datetime import timedelta

import click

from attributor.app.wiring import App, open_app, open_duckdb, surroundings, works
from attributor.cli.options import FOUND_SOMETHING, USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.progress import progress_bars
from attributor.jobs.leadership import Leadership, renewed
from attributor.jobs.work import CycleReport, cycle_document, run_cycle
from attributor.ledger.lease import LeaseLostError

_COLUMNS = ("source", "rows", "days changed", "result")


@click.command("run")
@config_option
@format_option
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait where another Attributor is at work on the same ledger.",
)
@click.pass_context
def command(context: click.Context, form: str, wait: int) -> None:
    """Collect, attribute, watch and tell, once; exit 1 where a source failed."""
    with open_app(config_path(context)) as app:
        try:
            report = _run(app, timedelta(seconds=wait))
        except LeaseLostError as error:
            say(f"{error}; what was published before stands, run again for the rest")
            context.exit(FOUND_SOMETHING)
    if report is None:
        say("another Attributor is at work on this ledger; stop it, or let it do the work")
        context.exit(USAGE_ERROR)
    _write(report, form)
    if report.failed:
        context.exit(FOUND_SOMETHING)


def _run(app: App, patience: timedelta) -> CycleReport | None:
    leadership = Leadership(app.engine, app.holder, app.clock)
    with renewed(leadership), open_duckdb() as connection, progress_bars() as progress:
        lease = leadership.wait(patience)
        if lease is None:
            return None
        return run_cycle(works(app, lease, connection), surroundings(app), progress)


def _write(report: CycleReport, form: str) -> None:
    if form == "json":
        write_json(cycle_document(report))
        return
    rows = [
        {"source": found.source, "rows": found.rows, "days changed": len(found.changed), "result": "read"}
        for found in report.collected.ingested
    ]
    rows += [
        {"source": failure.source, "rows": 0, "days changed": 0, "result": f"failed: {_first_line(failure.error)}"}
        for failure in report.collected.failures
    ]
    if form == "csv":
        write_csv(_COLUMNS, rows)
        return
    write_table("sources", _COLUMNS, rows, right=_COLUMNS[1:3])
    for failure in report.collected.failures:
        for problem in failure.problems:
            say(str(problem))
    for warning in report.warnings:
        say(f"warning: {warning}")
    if report.corrected:
        say(f"{len(report.corrected)} days of closed months restated: the differences are posted as corrections")
    sent = len(report.delivery.having("sent"))
    say(f"{len(report.attributed)} days attributed, {len(report.firing)} alerts stand, {sent} messages sent")


def _first_line(text: str) -> str:
    """What follows are the problems, which are told one by one."""
    return text.partition("\n")[0]
