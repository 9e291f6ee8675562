"""Who runs a command, where it does not say so."""

import getpass

import click

from attributor.cli.options import Command


def by_option(command: Command) -> Command:
    """Let a command say who does it."""
    return click.option("--by", help="Who does it.  [default: the user of this process]")(command)


def this_user() -> str:
    """Return who runs this process; in a container it may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
