"""The command `attributor` and its commands."""

import logging
from importlib.metadata import version

import click

from attributor.app.configuration import ConfigurationError
from attributor.cli import alerts, check, demo, explain, reconcile, run, serve, showback
from attributor.cli.options import USAGE_ERROR, config_option
from attributor.cli.output import say


class _Attributor(click.Group):
    """Tells a configuration's errors one a line, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            for problem in error.problems:
                say(str(problem))
            ctx.exit(USAGE_ERROR)


@click.group(cls=_Attributor, context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, to standard error.")
@click.version_option(version("attributor"), message="%(version)s")
def attributor(*, verbose: bool) -> None:
    """Give every cent of cloud, GPU and LLM spend an owner, and tell who should know."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


for _command in (
    demo.command,
    check.check,
    check.schema,
    run.command,
    serve.command,
    showback.command,
    reconcile.command,
    explain.command,
    alerts.group,
):
    attributor.add_command(_command)
