"""`attributor export statements` and `attributor export journal`: what finance takes away."""

from pathlib import Path
from typing import Any

import click

from attributor.app.reading import LedgerReading, open_ledger, statements_of
from attributor.cli.options import USAGE_ERROR, config_option, config_path
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.periods import month_option
from attributor.cli.teams import check_team
from attributor.config.statement_settings import FORMS, JournalForm
from attributor.ledger.engine import reading
from attributor.ledger.statements import closed_months
from attributor.periods import Month, month_of
from attributor.reports.cells import csv_text
from attributor.reports.journal import Journal, journal, journal_rows
from attributor.reports.owner_statement import NoStatementError, Owner, OwnerKind, owner_statement
from attributor.reports.statement_list import owner_lines
from attributor.reports.whole_files import write_whole
from attributor.web.faces.forms import statement_file
from attributor.web.faces.statement_html import CannotMakeError


@click.command("statements")
@config_option
@month_option
@click.option("--team", help="Only this team.")
@click.option("--cost-center", help='Only this cost center; "" is what has none.')
@click.option("--cost-centers", "all_cost_centers", is_flag=True, help="Of every cost center instead of every team.")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write into."
)
@click.option("--format", "forms", type=click.Choice(FORMS), multiple=True, default=("csv",), show_default=True)
@click.pass_context
def statements(context: click.Context, /, month: Month | None, folder: Path, **asked: Any) -> None:
    """Write a month's statements as files: of every team or cost center, or of one."""
    company, _ = statements_of(config_path(context))
    with open_ledger(config_path(context)) as ledger:
        period = _month(ledger, month)
        try:
            written = [
                _write(ledger, company, (owner, period, form), folder)
                for owner in _owners(ledger, period, asked)
                for form in asked["forms"]
            ]
        except (NoStatementError, CannotMakeError) as error:
            say(str(error))
            context.exit(USAGE_ERROR)
        except OSError as error:
            say(f"{error.filename or folder} cannot be written: {error.strerror or error}")
            context.exit(USAGE_ERROR)
        closed = period in closed_months(ledger.engine)
    write_table(f"statements of {period}", ("file",), [{"file": str(path)} for path in written])
    if not written:
        say(f"no charges are published in {period}")
    elif not closed:
        say(f"{period} is not closed: these are drafts")


@click.command("journal")
@config_option
@month_option
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="The CSV file.  [default: stdout]")
@click.option("--format", "form", type=click.Choice(["csv", "json", "table"]), default="csv", show_default=True)
@click.pass_context
def journal_command(context: click.Context, /, month: Month | None, file: Path | None, form: str) -> None:
    """Write a month's chargeback journal: debits by account and cost center, against one account, in cents."""
    _, settings = statements_of(config_path(context))
    with open_ledger(config_path(context)) as ledger:
        report = journal(ledger.engine, settings.journal, _month(ledger, month))
    if file is not None:
        try:
            write_whole(file, csv_text(_headings(settings.journal), journal_rows(report, settings.journal)).encode())
        except OSError as error:
            say(f"{file} cannot be written: {error.strerror or error}")
            context.exit(USAGE_ERROR)
    else:
        _print(report, settings.journal, form)
    if report.revision is None:
        say(f"{report.month} is not closed: this is a draft")


def _month(ledger: LedgerReading, asked: Month | None) -> Month:
    """Return the month that is asked for: without one the latest that is closed, otherwise the current one."""
    return asked or max(closed_months(ledger.engine), default=month_of(ledger.clock().date()))


def _owners(ledger: LedgerReading, month: Month, asked: dict[str, Any]) -> list[Owner]:
    team, cost_center, every = asked["team"], asked["cost_center"], asked["all_cost_centers"]
    if (team is not None) + (cost_center is not None) + every > 1:
        raise click.UsageError("name a team, or a cost center, or take --cost-centers, and not both")
    if team is not None:
        check_team(ledger.engine, ledger.teams, team)
        return [Owner("team", team)]
    if cost_center is not None:
        return [Owner("cost_center", cost_center)]
    with reading(ledger.engine) as connection:
        kind: OwnerKind = "cost_center" if every else "team"
        return [line.owner for line in owner_lines(connection, month, kind, ledger.teams)]


def _write(ledger: LedgerReading, company: str, what: tuple[Owner, Month, str], folder: Path) -> Path:
    owner, month, form = what
    report = owner_statement(ledger.engine, ledger.teams, owner, month, ledger.clock())
    made = statement_file(company, report, form)
    write_whole(folder / made.name, made.content)
    return folder / made.name


def _headings(form: JournalForm) -> list[str]:
    return [heading for heading, _ in form.columns]


def _print(report: Journal, form: JournalForm, wanted: str) -> None:
    rows = journal_rows(report, form)
    if wanted == "json":
        write_json({"month": str(report.month), "final": report.revision is not None, "lines": rows})
    elif wanted == "csv":
        write_csv(_headings(form), rows)
    else:
        right = [heading for heading, word in form.columns if word in {"debit", "credit", "amount", "exact"}]
        write_table(f"journal of {report.month}", _headings(form), rows, right=right)
