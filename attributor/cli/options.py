"""Options that many commands share: `-c/--config` before and after the command, `--format`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DEFAULT_CONFIG = Path("attributor.yaml")
FOUND_SOMETHING = 1
"""Exit code: a source or day failed, a difference, money moves."""
USAGE_ERROR = 2
"""Exit code: wrong usage or configuration."""

Command = Callable[..., Any]


def config_option(command: Command) -> Command:
    """Let a command take `-c/--config`; the value is in `config_path(context)` wherever it was given."""
    return click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=_remember,
        expose_value=False,
        is_eager=True,
        help="The configuration file.  [default: attributor.yaml]",
    )(command)


def _remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.find_root().meta["attributor.config"] = value


def config_path(context: click.Context) -> Path:
    """Return the configuration file of this invocation."""
    path: Path = context.find_root().meta.get("attributor.config", DEFAULT_CONFIG)
    return path


def format_option(command: Command) -> Command:
    """Let a command take `--format table|json|csv`."""
    return click.option(
        "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
    )(command)
