"""The command `attributor`, its errors and its commands."""

import logging
from importlib.metadata import version

import click

from attributor.app.errors import ClusterError, ConfigurationError, StoreError
from attributor.cli.lazy import LazyGroup
from attributor.cli.options import USAGE_ERROR, config_option

logger = logging.getLogger(__name__)
_DUCKDB_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of Ctrl-C during a query, instead of a KeyboardInterrupt."""
COMMANDS = {
    "alerts": "attributor.cli.alerts:group",
    "audit": "attributor.cli.tokens:audit",
    "backtest": "attributor.cli.backtest:command",
    "check": "attributor.cli.check:check",
    "budgets": "attributor.cli.budgets:command",
    "close": "attributor.cli.close:command",
    "demo": "attributor.cli.demo:command",
    "explain": "attributor.cli.explain:command",
    "export": "attributor.cli.export:group",
    "forecast": "attributor.cli.forecast:command",
    "mcp": "attributor.cli.mcp:command",
    "plan": "attributor.cli.plan:command",
    "reconcile": "attributor.cli.reconcile:command",
    "run": "attributor.cli.run:command",
    "schema": "attributor.cli.check:schema",
    "serve": "attributor.cli.serve:command",
    "showback": "attributor.cli.showback:command",
    "sources": "attributor.cli.sources:group",
    "statements": "attributor.cli.statements:command",
    "suggest": "attributor.cli.suggest:command",
    "tags": "attributor.cli.tags:command",
    "tokens": "attributor.cli.tokens:group",
    "variance": "attributor.cli.variance:command",
}


class _Attributor(LazyGroup):
    """Tells what is wrong with configuration, stores and cluster in a line each; those who ask for logs see more."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (ConfigurationError, StoreError, ClusterError) as error:
            logger.info("the command failed", exc_info=error)
            click.echo(str(error), err=True)
            ctx.exit(USAGE_ERROR)
        except RuntimeError as error:
            if str(error) != _DUCKDB_INTERRUPTED:
                raise
            raise click.Abort from error


@click.group(cls=_Attributor, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, to standard error.")
@click.version_option(version("attributor"), message="%(version)s")
@click.pass_context
def attributor(context: click.Context, /, *, verbose: bool) -> None:
    """Give every cent of cloud, GPU and LLM spend an owner, and tell who should know."""
    quiet = logging.WARNING if context.invoked_subcommand == "serve" else logging.ERROR  # the others report themselves
    logging.basicConfig(
        level=logging.INFO if verbose else quiet, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
