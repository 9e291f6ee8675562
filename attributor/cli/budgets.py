"""`attributor budgets`: each team's budget as it holds, and what of it the rules file does not say yet."""

from collections.abc import Sequence

import click

from attributor.app.reading import budgets_in, open_ledger
from attributor.cli.options import config_option, config_path
from attributor.cli.output import write_csv, write_json, write_table
from attributor.money import plain
from attributor.reports.document import document
from attributor.reports.edited_budgets import TeamBudget, edits_yaml, team_budget

_COLUMNS = ("team", "monthly", "in file", "state", "by", "at", "reason")


@click.command("budgets")
@config_option
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "yaml"]), default="table", show_default=True
)
@click.pass_context
def command(context: click.Context, form: str) -> None:
    """Show every team's monthly budget; YAML is of those that were changed on the page, for the rules file."""
    path = config_path(context)
    with open_ledger(path) as ledger:
        teams, edits = budgets_in(path, ledger.engine)
    if form == "yaml":
        click.echo(edits_yaml(teams, edits), nl=False)
        return
    _write([team_budget(team, edits.get(team.id)) for team in teams.values()], form)


def _write(found: Sequence[TeamBudget], form: str) -> None:
    if form == "json":
        write_json({"budgets": [document(each) for each in found]})
        return
    rows = [_row(each) for each in found]
    if form == "csv":
        write_csv(_COLUMNS, rows)
    else:
        write_table("budgets a month", _COLUMNS, rows, right=["monthly", "in file"])


def _row(found: TeamBudget) -> dict[str, str]:
    monthly, in_file = ("" if amount is None else plain(amount) for amount in (found.monthly, found.in_file))
    row = {"team": found.team, "monthly": monthly, "in file": in_file, "state": found.state.replace("_", " ")}
    if found.edit is None:
        return row | {"by": "", "at": "", "reason": ""}
    return row | {"by": found.edit.made_by, "at": f"{found.edit.made_at:%Y-%m-%d %H:%M}", "reason": found.edit.reason}
