"""`attributor alerts`: what stands, and whether a channel works."""

import click

from alerts.channels.base import Accepted
from alerts.pipeline import probe
from attributor.app.reading import open_ledger
from attributor.app.wiring import open_app
from attributor.cli.options import FOUND_SOMETHING, USAGE_ERROR, config_option, config_path, format_option
from attributor.cli.output import say, write_csv, write_json, write_table
from attributor.money import plain, shown
from attributor.reports.open_alerts import OpenAlert, open_alerts

_COLUMNS = ("key", "kind", "team", "severity", "status", "title", "amount", "since")


@click.group("alerts")
def group() -> None:
    """Alerts: what stands, and whether a channel works."""


@group.command("list")
@config_option
@format_option
@click.pass_context
def list_alerts(context: click.Context, form: str) -> None:
    """List the alerts that stand."""
    with open_ledger(config_path(context)) as ledger, ledger.engine.connect() as connection:
        found = open_alerts(connection)
    _write(found, form)


def _write(found: tuple[OpenAlert, ...], form: str) -> None:
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
        write_table("alerts that stand", _COLUMNS[2:] + _COLUMNS[:1], shown_rows, right=["amount"])


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
