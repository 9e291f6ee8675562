"""`attributor variance`: estimates against the bills that took their place."""

import click

from attributor.app.reading import open_ledger
from attributor.cli.options import config_option, config_path, format_option
from attributor.cli.output import write_csv, write_json, write_table
from attributor.cli.periods import period_option
from attributor.money import plain, shown
from attributor.periods import Month, month_of
from attributor.reports.document import document
from attributor.reports.variance import (
    Variance,
    VarianceLine,
    parse_variance_dimensions,
    variance,
    variance_document,
)

_AMOUNTS = ("estimated", "billed", "difference")
_UNPRICED = ("provider", "model", "metric", "team", "source", "quantity", "cost", "reason")


@click.command("variance")
@config_option
@format_option
@period_option
@click.option("--by", default="provider,service", show_default=True, help="provider, service, source, day.")
@click.pass_context
def command(context: click.Context, form: str, period: Month | None, by: str) -> None:
    """Show how far estimates were from the bill, what is estimated still, and estimates beside the bill."""
    try:
        dimensions = parse_variance_dimensions(by)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--by") from error
    with open_ledger(config_path(context)) as ledger:
        report = variance(ledger.engine, period or month_of(ledger.clock().date()), dimensions)
    _write(report, form)


def _write(report: Variance, form: str) -> None:
    columns = ["state", *report.by, "currency", *_AMOUNTS]
    if form == "json":
        write_json(variance_document(report))
    elif form == "csv":
        write_csv(columns, [_row(report, state, line, exact=True) for state, line in _lines(report)])
    else:
        rows = [_row(report, state, line, exact=False) for state, line in _lines(report)]
        rows += [_row(report, "total", line, exact=False) for line in report.totals]
        title = f"{report.period}, estimates and bills; billed while estimated is held back and in no total"
        write_table(title, columns, rows, right=_AMOUNTS)
        if report.unpriced:
            title = "used without a price: the cost is unknown and in no total"
            lines = [{**document(line), "cost": "unknown"} for line in report.unpriced]
            write_table(title, _UNPRICED, lines, right=("quantity",))


def _lines(report: Variance) -> list[tuple[str, VarianceLine]]:
    states = (("billed", report.rows), ("estimated", report.open), ("beside", report.beside))
    return [(state, line) for state, lines in states for line in lines]


def _row(report: Variance, state: str, line: VarianceLine, *, exact: bool) -> dict[str, str]:
    amounts = {"estimated": line.estimated, "billed": line.billed, "difference": line.difference}
    told = {"estimated": ("estimated", "billed"), "beside": ("estimated",)}.get(state, _AMOUNTS)
    return {
        "state": state,
        **dict(zip(report.by, line.values, strict=False)),
        "currency": line.currency,
        **{name: plain(amounts[name]) if exact else shown(amounts[name], line.currency) for name in told},
    }
