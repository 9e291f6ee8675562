"""Who runs a command, where it does not say so; and what they changed, written down."""

import getpass
from datetime import datetime

import click
from sqlalchemy import Engine

from attributor.cli.options import Command
from attributor.ledger.audit import Change, record_change


def by_option(command: Command) -> Command:
    """Let a command say who does it."""
    return click.option("--by", help="Who does it.  [default: the user of this process]")(command)


def this_user() -> str:
    """Return who runs this process; in a container it may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def write_down(engine: Engine, by: str, action: str, detail: str, now: datetime) -> None:
    """Put a change that a command made into the audit trail; `now` is aware UTC."""
    record_change(engine, Change(now, by, "cli", action, detail))
