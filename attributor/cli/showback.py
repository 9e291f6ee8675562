"""`attributor showback`: what each team cost in a month."""

from typing import Any

import click

from attributor.app.reading import open_ledger
from attributor.cli.options import config_option, config_path, format_option
from attributor.cli.output import write_csv, write_json, write_table
from attributor.cli.periods import any_period_option
from attributor.cli.teams import check_team
from attributor.money import plain, shown
from attributor.periods import month_of
from attributor.reports.costs import BASES, SeveralCurrenciesError, parse_basis, parse_dimensions
from attributor.reports.showback import Showback, ShowbackRequest, showback, showback_document


@click.command("showback")
@config_option
@format_option
@any_period_option
@click.option("--team", help="Only this team.")
@click.option("--by", default="team", show_default=True, help="What to group by: team,service,… or your dimensions.")
@click.option("--basis", type=click.Choice(BASES), default="effective", show_default=True)
@click.option("--period-by", type=click.Choice(["charge", "billing"]), default="charge", show_default=True)
@click.option("--currency", help="Only charges in this currency.")
@click.pass_context
def command(context: click.Context, /, form: str, **asked: Any) -> None:
    """Show what each team, service or project cost; the rows sum exactly to the total."""
    with open_ledger(config_path(context)) as ledger:
        try:
            by = parse_dimensions(asked["by"], ledger.dimensions)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--by") from error
        if asked["team"] is not None:
            check_team(ledger.engine, ledger.teams, asked["team"])
        request = ShowbackRequest(
            period=asked["period"] or month_of(ledger.clock().date()),
            by=by,
            basis=parse_basis(asked["basis"]),
            team=asked["team"],
            period_by=asked["period_by"],
            currency=asked["currency"],
        )
        try:
            report = showback(ledger.engine, request)
        except SeveralCurrenciesError as error:
            raise click.UsageError(f"{error}; choose one with --currency") from error
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--period") from error
    _write(report, form)


def _write(report: Showback, form: str) -> None:
    if form == "json":
        write_json(showback_document(report))
        return
    rows = [dict(zip(report.by, row.values, strict=True)) for row in report.rows]
    if form == "csv":
        exact = [{**row, "cost": plain(found.cost)} for row, found in zip(rows, report.rows, strict=True)]
        write_csv([*report.by, "cost"], exact)
        return
    shown_rows = [
        {**row, "cost": shown(found.cost, report.currency)} for row, found in zip(rows, report.rows, strict=True)
    ]
    shown_rows.append({report.by[0]: "total", "cost": shown(report.total, report.currency)})
    write_table(f"{report.period}, {report.basis} cost", [*report.by, "cost"], shown_rows, right=["cost"])
