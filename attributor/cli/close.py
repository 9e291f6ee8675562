"""`attributor close`: freeze a month's statement, or undo that."""

import sys
from typing import Any

import click

from attributor.app.reading import open_ledger
from attributor.app.wiring import open_app
from attributor.cli.options import FOUND_SOMETHING, USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.periods import month_argument
from attributor.cli.who import this_user, write_down
from attributor.jobs.closing import CannotCloseError, Closer, close_month, reopen_month, standing_statement
from attributor.ledger.statements import Statement
from attributor.money import plain, shown
from attributor.periods import Month
from attributor.reports.statements import statement_document, team_costs

_FROZEN = ("team", "currency", "cost")


@click.command("close")
@config_option
@format_option
@month_argument
@click.option("--undo", is_flag=True, help="Open a closed month again; asks first.")
@click.option("--yes", is_flag=True, help="Answer yes to the question that --undo asks.")
@click.option("--by", help="Who closes or opens it.  [default: the user of this process]")
@click.pass_context
def command(context: click.Context, /, form: str, month: Month, **asked: Any) -> None:
    """Freeze a month: its statement never moves, and what is restated later enters the open month as a correction."""
    by = asked["by"] or this_user()
    try:
        if asked["undo"]:
            statement = _reopened(context, month, by, yes=asked["yes"])
        else:
            with open_app(config_path(context)) as app:
                statement = close_month(app.engine, app.settings.ruleset, month, Closer(by, app.clock()))
                write_down(app.engine, by, "close", f"{month} revision {statement.revision}", app.clock())
    except CannotCloseError as error:
        say(str(error))
        context.exit(FOUND_SOMETHING)
    _write(statement, form)


def _reopened(context: click.Context, month: Month, by: str, *, yes: bool) -> Statement:
    with open_ledger(config_path(context)) as ledger:
        standing = standing_statement(ledger.engine, month)
        question = f"{month} was closed by {standing.closed_by} at {standing.closed_at:%Y-%m-%d %H:%M} UTC. Undo that?"
        if not yes:
            if not sys.stdin.isatty():
                say(f"{question} There is nobody to ask: say --yes")
                context.exit(USAGE_ERROR)
            click.confirm(question, abort=True, err=True)
        statement = reopen_month(ledger.engine, month, Closer(by, ledger.clock()))
        write_down(ledger.engine, by, "close --undo", f"{month} revision {statement.revision}", ledger.clock())
        return statement


def _write(statement: Statement, form: str) -> None:
    if form == "json":
        write_json(statement_document(statement))
        return
    costs = team_costs(statement)
    if form == "csv":
        write_csv(_FROZEN, [{"team": team, "currency": money, "cost": plain(cost)} for team, money, cost in costs])
        return
    rows = [{"team": team, "currency": money, "cost": shown(cost, money)} for team, money, cost in costs]
    write_table(f"{statement.month}, effective cost, {_became(statement)}", _FROZEN, rows, right=["cost"])
    say(f"digest {statement.content.digest}")
    if statement.undone_at is not None:
        say(_opened(statement))


def _became(statement: Statement) -> str:
    if statement.undone_at is None:
        return f"closed by {statement.closed_by} (revision {statement.revision})"
    return f"opened again by {statement.undone_by} (revision {statement.revision} is undone)"


def _opened(statement: Statement) -> str:
    taken_back = {currency: of["effective"] for currency, of in (statement.taken_back or {}).items()}
    said = ", ".join(shown(amount, currency) for currency, amount in sorted(taken_back.items()) if amount)
    corrections = f"corrections of {said} are taken back; " if taken_back else ""
    return f"{corrections}`attributor run` attributes what is out of date in {statement.month} by today's rules"
