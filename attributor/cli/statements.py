"""`attributor statements`: the closings of months, and whether closed months are still what was frozen."""

import click

from attributor.app.reading import open_ledger
from attributor.cli.options import FOUND_SOMETHING, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.ledger.engine import reading
from attributor.ledger.statement_deliveries import troubled_parcels
from attributor.ledger.statements import Statement
from attributor.money import plain
from attributor.reports.statements import HeldStatement, held_document, held_statements

_COLUMNS = ("month", "revision", "state", "closed at", "by", "total", "digest")


@click.command("statements")
@config_option
@format_option
@click.pass_context
def command(context: click.Context, form: str) -> None:
    """List the closings of months and hold each against its rows; exit 1 where a closed month moved."""
    with open_ledger(config_path(context)) as ledger:
        found = held_statements(ledger.engine)
        with reading(ledger.engine) as connection:
            troubled = troubled_parcels(connection)
    _list(found, form)
    for each in troubled:
        parcel = each.parcel
        say(f"the statement of {parcel.owner} {parcel.month} to {parcel.destination}: {each.error}")
    changed = [str(held.statement.month) for held in found if held.intact is False]
    if changed:
        say(f"{', '.join(changed)}: the rows are not those that the statement froze; put a backup of the ledger back")
        context.exit(FOUND_SOMETHING)


def _list(found: tuple[HeldStatement, ...], form: str) -> None:
    if form == "json":
        write_json({"statements": [held_document(held) for held in found]})
        return
    rows = [
        {
            "month": str(held.statement.month),
            "revision": held.statement.revision,
            "state": held.state,
            "closed at": f"{held.statement.closed_at:%Y-%m-%d %H:%M}",
            "by": held.statement.closed_by,
            "total": _total(held.statement),
            "digest": held.statement.content.digest,
        }
        for held in found
    ]
    if form == "csv":
        write_csv(_COLUMNS, rows)
    else:
        write_table("closed months, effective cost", _COLUMNS, rows, right=["total"])


def _total(statement: Statement) -> str:
    totals = sorted(statement.content.totals.items())
    return ", ".join(f"{plain(costs['effective'])} {currency}" for currency, costs in totals)
