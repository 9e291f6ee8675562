"""`attributor alerts ack | snooze | silence`: what people do about alerts."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Engine

from alerts.alert import AlertState, Handling
from alerts.policy import Match, Silence
from attributor.app.reading import open_ledger
from attributor.cli.moments import lasting
from attributor.cli.options import USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.cli.who import by_option, this_user, write_down
from attributor.ledger.alert_handling import acknowledge, fire_again, snooze
from attributor.ledger.silences import SetSilence, add_silence, end_silence, lasting_silences
from attributor.reports.silences import silence_document

_SILENCES = ("id", "from", "until", "reason", "team", "severity", "kind", "key", "by")


@click.command("ack")
@config_option
@by_option
@click.option("--note", default="", help="What you found out, for the others.")
@click.option("--undo", is_flag=True, help="Let the alerts fire again.")
@click.argument("keys", nargs=-1, required=True, metavar="KEY…")
@click.pass_context
def ack(context: click.Context, /, keys: tuple[str, ...], **asked: Any) -> None:
    """Take alerts up: they are told again only where they get worse, and nobody else is called."""
    with open_ledger(config_path(context)) as ledger:
        handling = Handling(asked["by"] or this_user(), ledger.clock(), asked["note"])
        change = fire_again if asked["undo"] else acknowledge
        _said(context, ledger.engine, keys, change(ledger.engine, keys, handling), handling)


@click.command("snooze")
@config_option
@by_option
@click.option("--for", "length", help="For how long, as in 4h or 1d.")
@click.option("--until", help="Until when, as in 2026-12-01T08:00 (UTC).")
@click.option("--note", default="", help="Why, for the others.")
@click.argument("keys", nargs=-1, required=True, metavar="KEY…")
@click.pass_context
def snooze_alerts(context: click.Context, /, keys: tuple[str, ...], **asked: Any) -> None:
    """Keep alerts quiet for a while; then they fire again."""
    with open_ledger(config_path(context)) as ledger:
        now = ledger.clock()
        until = lasting(asked["length"], asked["until"], now)
        handling = Handling(asked["by"] or this_user(), now, asked["note"])
        _said(context, ledger.engine, keys, snooze(ledger.engine, keys, until, handling), handling)


def _said(
    context: click.Context, engine: Engine, keys: Sequence[str], changed: Sequence[AlertState], handling: Handling
) -> None:
    if changed:
        done = ", ".join(f"{state.alert.key} {state.status}" for state in changed)
        write_down(engine, handling.by, f"alerts {context.info_name}", done, handling.at)
    for state in changed:
        until = "" if state.snoozed_until is None else f" until {state.snoozed_until:%Y-%m-%d %H:%M} UTC"
        say(f"{state.alert.key}: {state.status}{until}")
    missing = sorted(set(keys) - {state.alert.key for state in changed})
    for key in missing:
        say(f"no alert of the key {key!r} stands; `attributor alerts list` names those that do")
    if missing:
        context.exit(USAGE_ERROR)


@click.command("silence")
@config_option
@format_option
@by_option
@click.option("--team", multiple=True, help="A team, or a glob; several times over.")
@click.option("--severity", multiple=True, help="info, warning, critical, or a glob.")
@click.option("--kind", multiple=True, help="A kind of alert, or a glob.")
@click.option("--key", multiple=True, help="A key of an alert, or a glob.")
@click.option("--for", "length", help="For how long, as in 4h or 1d.")
@click.option("--until", help="Until when, as in 2026-12-01T08:00 (UTC).")
@click.option("--reason", help="Why, for the others.")
@click.option("--end", type=int, help="End the silence of this number now.")
@click.option("--list", "lists", is_flag=True, help="List the silences that last.")
@click.pass_context
def silence(context: click.Context, /, form: str, **asked: Any) -> None:
    """Tell nothing of what matches for a while, neither that it fires nor that it ends."""
    with open_ledger(config_path(context)) as ledger:
        by, now = asked["by"] or this_user(), ledger.clock()
        if asked["end"] is not None:
            ended = end_silence(ledger.engine, asked["end"], now)
            if ended is None:
                say(f"no silence of the number {asked['end']} lasts")
                context.exit(USAGE_ERROR)
            found: tuple[SetSilence, ...] = (ended,)
            write_down(ledger.engine, by, "alerts silence --end", str(ended.id), now)
        elif asked["lists"]:
            found = lasting_silences(ledger.engine, now)
        else:
            made = add_silence(ledger.engine, _silence(asked, now), by, now)
            found = (made,)
            write_down(ledger.engine, by, "alerts silence", json.dumps(silence_document(made), default=str), now)
    _write_silences(found, form)


def _silence(asked: dict[str, Any], now: datetime) -> Silence:
    match = Match(asked["team"], asked["severity"], asked["kind"])
    if match == Match() and not asked["key"]:
        raise click.UsageError("say what to silence: --team, --severity, --kind or --key; `--key '*'` is everything")
    if not asked["reason"]:
        raise click.UsageError("say why: --reason")
    return Silence(now, lasting(asked["length"], asked["until"], now), asked["reason"], match, asked["key"])


def _write_silences(found: Sequence[SetSilence], form: str) -> None:
    rows = [silence_document(each) for each in found]
    if form == "json":
        write_json({"silences": rows})
        return
    flat = [{name: " ".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()} for row in rows]
    if form == "csv":
        write_csv(_SILENCES, flat)
    else:
        write_table("silences", _SILENCES, flat)


COMMANDS = (ack, snooze_alerts, silence)
