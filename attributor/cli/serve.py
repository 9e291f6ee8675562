"""`attributor serve`: the daemon."""

import click

from attributor.app.wiring import open_app
from attributor.cli.options import config_option, config_path
from attributor.cli.output import say
from attributor.daemon import serve


@click.command("serve")
@config_option
@click.pass_context
def command(context: click.Context) -> None:
    """Run the daemon: collect, attribute and watch by the clock, and serve pages, metrics and the ingest API."""
    with open_app(config_path(context)) as app:
        web = app.settings.web
        serve(app, lambda: say(f"serving at http://{web.host}:{web.port}"))
        say("stopped")
