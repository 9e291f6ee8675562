"""`attributor export`: allocated charges as FOCUS 1.3 files, statements and journals."""

from pathlib import Path
from typing import Any

import click

from attributor.app.untouched import open_untouched
from attributor.attributing.focus_files import ExportedDay, ExportError, export_focus
from attributor.cli.export_statements import journal_command, statements
from attributor.cli.options import USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.periods import period_option
from attributor.cli.progress import progress_bars
from attributor.money import plain
from attributor.periods import Month, month_of

_COLUMNS = ("day", "file", "rows", "charges", "corrections")


@click.group("export")
def group() -> None:
    """Write what is published for other programs."""


@group.command("focus")
@config_option
@format_option
@period_option
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write into."
)
@click.pass_context
def focus(context: click.Context, form: str, period: Month | None, folder: Path) -> None:
    """Write a month's allocated charges and corrections in FOCUS 1.3, one Parquet file a UTC day."""
    with open_untouched(config_path(context)) as stores, progress_bars() as progress:
        month = period or month_of(stores.clock().date())
        days = []
        bar = progress(f"export {month}")
        try:
            for day in export_focus(stores.archive, month, folder):
                days.append(day)
                bar.advance()
        except ExportError as error:
            say(str(error))
            context.exit(USAGE_ERROR)
    _write(month, folder, days, form)
    if not days:
        say(f"no charges are published in {month}")


def _write(month: Month, folder: Path, days: list[ExportedDay], form: str) -> None:
    rows: list[dict[str, Any]] = [
        {
            "day": day.day.isoformat(),
            "file": str(day.file),
            "rows": day.rows,
            "charges": day.charges,
            "corrections": day.corrections,
        }
        for day in days
    ]
    if form == "json":
        files = [
            {**row, "effective": {currency: plain(cost) for currency, cost in day.effective.items()}}
            for row, day in zip(rows, days, strict=True)
        ]
        write_json({"period": str(month), "to": str(folder), "files": files})
    elif form == "csv":
        write_csv(_COLUMNS, rows)
    else:
        write_table(f"{month}, FOCUS 1.3", _COLUMNS, rows, right=("rows", "charges", "corrections"))


group.add_command(statements)
group.add_command(journal_command)
