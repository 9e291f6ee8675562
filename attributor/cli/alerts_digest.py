"""`attributor alerts digest`: what teams' digests would say now."""

from collections.abc import Sequence

import click

from alerts.channels.slack import payload
from alerts.channels.slack_blocks import Pages
from alerts.channels.webhook import document
from alerts.channels.wording import headline, in_lines
from alerts.digest import Period
from alerts.ports import Message
from attributor.app.reading import open_ledger, public_url_of
from attributor.cli.options import config_option, config_path
from attributor.cli.output import visible, write_json
from attributor.cli.teams import check_team
from attributor.watching.digests import previewed_digests
from attributor.web.alert_links import alert_chart_path


@click.command("digest")
@config_option
@click.option("--team", help="Only this team's.")
@click.option("--weekly", is_flag=True, help="Of the last week, instead of the last day.")
@click.option("--format", "form", type=click.Choice(["text", "json", "blocks"]), default="text", show_default=True)
@click.pass_context
def digest(context: click.Context, team: str | None, weekly: bool, form: str) -> None:  # noqa: FBT001 - click's
    """Show the digests that teams would get now; nothing is sent."""
    public_url = public_url_of(config_path(context))
    with open_ledger(config_path(context)) as ledger:
        named = list(ledger.teams.values()) if team is None else [check_team(ledger.engine, ledger.teams, team)]
        period: Period = "week" if weekly else "day"
        found = previewed_digests(ledger.engine, ledger.teams, named, period, ledger.clock())
    if form == "json":
        write_json({"digests": [document(message, public_url) for message in found]})
    elif form == "blocks":
        pages = Pages(public_url, alert_chart_path)
        write_json({"digests": [{"team": message.team, **payload(message, pages)} for message in found]})
    else:
        _write_text(found, public_url)


def _write_text(found: Sequence[Message], public_url: str) -> None:
    """Write the digests as channels of plain text get them."""
    for message in found:
        click.echo(visible(headline(message)))
        for line in in_lines(message, public_url):
            click.echo(visible(f"  {line}"))
