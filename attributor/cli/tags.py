"""`attributor tags`: which part of the cost has the required tags."""

from decimal import Decimal
from typing import Any

import click

from attributor.app.reading import open_ledger
from attributor.cli.options import config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.periods import period_option
from attributor.money import plain, shown
from attributor.periods import month_of
from attributor.reports.costs import SeveralCurrenciesError
from attributor.reports.tags import TAGS_BY, TagMoney, TagReport, tag_report, tags_document

_MONEY = ("present", "missing")


@click.command("tags")
@config_option
@format_option
@period_option
@click.option("--by", type=click.Choice(TAGS_BY), default="account", show_default=True, help="What to group by.")
@click.option("--currency", help="Only charges in this currency.")
@click.pass_context
def command(context: click.Context, /, form: str, **asked: Any) -> None:
    """Show the money of the charges that have each required tag, and of those that lack it."""
    with open_ledger(config_path(context)) as ledger:
        period = asked["period"] or month_of(ledger.clock().date())
        try:
            report = tag_report(ledger.engine, period, asked["by"], asked["currency"])
        except SeveralCurrenciesError as error:
            raise click.UsageError(f"{error}; choose one with --currency") from error
    _write(report, form)
    if not report.tags:
        say(f"no charge of {period} was attributed with `required_tags`")


def _write(report: TagReport, form: str) -> None:
    columns = (report.by, "tag", *_MONEY, "compliance")
    if form == "json":
        write_json(tags_document(report))
    elif form == "csv":
        write_csv(columns, tags_document(report)["rows"])
    else:
        rows = [_told(report, row) for row in report.rows]
        rows += [{**_told(report, row), report.by: "total"} for row in report.tags]
        write_table(f"{report.period}, effective cost by required tag", columns, rows, right=columns[2:])


def _told(report: TagReport, row: TagMoney) -> dict[str, str]:
    money = {name: shown(amount, report.currency) for name, amount in zip(_MONEY, _amounts(row), strict=True)}
    compliance = "" if row.compliance is None else f"{plain(row.compliance.scaleb(2))} %"
    return {report.by: row.value, "tag": row.tag, **money, "compliance": compliance}


def _amounts(row: TagMoney) -> tuple[Decimal, Decimal]:
    return row.present, row.missing
