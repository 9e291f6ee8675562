"""`attributor alerts`: what stands, why it was told or not, what people do about it, and whether a channel works."""

from difflib import get_close_matches
from typing import NoReturn

import click
from sqlalchemy import Connection

from alerts.channels.base import Accepted
from alerts.pipeline import probe
from attributor.app.reading import open_ledger
from attributor.app.wiring import open_app
from attributor.cli import alerts_digest, alerts_feedback, alerts_handling, alerts_text
from attributor.cli.options import FOUND_SOMETHING, USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.money import plain, shown
from attributor.reports.alert_detail import AlertDetail, alert_detail, known_keys, why_document
from attributor.reports.document import document
from attributor.reports.open_alerts import OpenAlert, noted_alerts, open_alerts, resolved_alerts

_COLUMNS = ("key", "kind", "team", "severity", "status", "title", "amount", "since")


@click.group("alerts")
def group() -> None:
    """Alerts: what stands, why it was told or not, what is done about it, and whether a channel works."""


for command in (*alerts_handling.COMMANDS, alerts_feedback.feedback, alerts_digest.digest):
    group.add_command(command)


@group.command("list")
@config_option
@format_option
@click.option("--all", "everything", is_flag=True, help="Also those resolved lately, and notes: spend that fell.")
@click.pass_context
def list_alerts(context: click.Context, form: str, *, everything: bool) -> None:
    """List the alerts that stand."""
    with open_ledger(config_path(context)) as ledger, ledger.engine.connect() as connection:
        found = open_alerts(connection)
        if everything:
            found = (*found, *noted_alerts(connection), *resolved_alerts(connection))
    _write(found, form, "alerts and notes" if everything else "alerts that stand")


@group.command("show")
@config_option
@format_option
@click.argument("key")
@click.pass_context
def show(context: click.Context, form: str, key: str) -> None:
    """Show one alert in full: amounts, what makes it up, who handled it, and the messages about it."""
    found = _detail(context, key)
    if form == "json":
        write_json(document(found))
    else:
        alerts_text.write_detail(found, form)


@group.command("why")
@config_option
@format_option
@click.argument("key")
@click.pass_context
def why(context: click.Context, form: str, key: str) -> None:
    """Say, stage by stage, why an alert was told or not, and what became of the messages."""
    with open_ledger(config_path(context)) as ledger, ledger.engine.connect() as connection:
        found = why_document(connection, key)
        if found is None:
            _unknown(context, connection, key)
    if form == "json":
        write_json(found)
    elif found is not None:
        alerts_text.write_reasons(found, form)


def _detail(context: click.Context, key: str) -> AlertDetail:
    with open_ledger(config_path(context)) as ledger, ledger.engine.connect() as connection:
        found = alert_detail(connection, key)
        if found is None:
            _unknown(context, connection, key)
    return found


def _unknown(context: click.Context, connection: Connection, key: str) -> NoReturn:
    """Name the keys that are near, and exit."""
    near = get_close_matches(key, known_keys(connection), n=3, cutoff=0.4)
    hint = f"; did you mean {', '.join(near)}?" if near else "; `attributor alerts list` names those that stand"
    say(f"no alert has the key {key!r}{hint}")
    context.exit(USAGE_ERROR)


def _write(found: tuple[OpenAlert, ...], form: str, title: str) -> None:
    rows = [
        {
            "key": alert.key,
            "kind": alert.kind,
            "team": alert.team,
            "severity": alert.severity,
            "status": alert.status,
            "title": alert.title,
            "summary": alert.summary,
            "currency": alert.currency,
            "amount": None if alert.amount is None else plain(alert.amount),
            "threshold": None if alert.threshold is None else plain(alert.threshold),
            "since": alert.first_seen.isoformat(),
        }
        for alert in found
    ]
    if form == "json":
        write_json({"alerts": rows})
    elif form == "csv":
        write_csv(_COLUMNS, rows)
    else:
        shown_rows = [
            {
                **row,
                "amount": "" if alert.amount is None else shown(alert.amount, alert.currency),
                "since": f"{alert.first_seen:%Y-%m-%d %H:%M}",
            }
            for row, alert in zip(rows, found, strict=True)
        ]
        write_table(title, _COLUMNS[2:] + _COLUMNS[:1], shown_rows, right=["amount"])


@group.command("test")
@config_option
@click.option("--channel", required=True, help="The channel's name under `alerts.channels:`.")
@click.pass_context
def test(context: click.Context, channel: str) -> None:
    """Send a test message to a channel; exit 1 where the channel does not take it."""
    with open_app(config_path(context)) as app:
        found = app.channels.get(channel)
        if found is None:
            say(f"no channel is called {channel!r}; known: {', '.join(app.channels) or 'none'}")
            context.exit(USAGE_ERROR)
        answer = found.send(probe(channel, app.clock()))
    if not isinstance(answer, Accepted):
        say(f"{channel} did not take the message: {answer.error}")
        context.exit(FOUND_SOMETHING)
    say(f"{channel} took the message")
