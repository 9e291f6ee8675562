"""`attributor alerts feedback`: what people taught, and taking it back."""

from collections.abc import Sequence
from typing import Any

import click

from attributor.app.reading import LedgerReading, open_ledger
from attributor.cli.moments import moment
from attributor.cli.options import USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.who import by_option, this_user, write_down
from attributor.ledger.feedback import Feedback, Told, all_feedback, give_feedback, take_back
from attributor.reports.feedback import feedback_document

_COLUMNS = ("id", "pattern", "lesson", "until", "amount", "currency", "by", "at", "note", "taken_back_by")


@click.command("feedback")
@config_option
@format_option
@by_option
@click.argument("key", required=False)
@click.option("--not-a-problem", is_flag=True, help="The alert's pattern shall not fire again.")
@click.option("--planned-until", help="It shall not fire until then, as in 2026-12-01 (UTC).")
@click.option("--note", default="", help="Why, for the others.")
@click.option("--take-back", "number", type=int, help="Forget the lesson of this number.")
@click.pass_context
def feedback(context: click.Context, /, form: str, **asked: Any) -> None:
    """Show what was learned from people; teach it of an alert, or take it back."""
    lessons = bool(asked["not_a_problem"]) + (asked["planned_until"] is not None)
    if lessons > 1 or (asked["key"] is not None) != (lessons == 1) or (lessons and asked["number"] is not None):
        raise click.UsageError("say KEY with --not-a-problem or --planned-until, or --take-back ID, or nothing")
    with open_ledger(config_path(context)) as ledger:
        found = _changed(context, ledger, asked)
        _write(all_feedback(ledger.engine) if found is None else (found,), form)


def _changed(context: click.Context, ledger: LedgerReading, asked: dict[str, Any]) -> Feedback | None:
    """Do what is asked and return the lesson; None where nothing is to be changed."""
    by, now = asked["by"] or this_user(), ledger.clock()
    if asked["number"] is not None:
        found, what = take_back(ledger.engine, asked["number"], by, now), f"{asked['number']} taken back"
        missing = f"no lesson of the number {asked['number']} holds"
    elif asked["key"] is not None:
        until = None if asked["planned_until"] is None else moment(asked["planned_until"])
        if until is not None and until <= now:
            raise click.UsageError(f"{until:%Y-%m-%d %H:%M} UTC is over already")
        found = give_feedback(ledger.engine, asked["key"], Told(by, now, until, asked["note"]))
        what = f"{asked['key']} {'not a problem' if until is None else f'planned until {until:%Y-%m-%d %H:%M}'}"
        missing = f"no alert has the key {asked['key']!r}; `attributor alerts list` names those that stand"
    else:
        return None
    if found is None:
        say(missing)
        context.exit(USAGE_ERROR)
    write_down(ledger.engine, by, "alerts feedback", what, now)
    return found


def _write(found: Sequence[Feedback], form: str) -> None:
    rows = [feedback_document(each) for each in found]
    if form == "json":
        write_json({"feedback": rows})
    elif form == "csv":
        write_csv(_COLUMNS, rows)
    else:
        write_table(
            "learned from people", _COLUMNS, [{k: "" if v is None else v for k, v in row.items()} for row in rows]
        )
