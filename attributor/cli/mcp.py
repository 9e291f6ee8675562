"""`attributor mcp`: the reports for assistants."""

import os
import socket
from importlib import import_module
from importlib.util import find_spec

import click

from attributor.cli.options import USAGE_ERROR, config_option, config_path
from attributor.cli.output import say
from attributor.config.hosts import is_loopback


class _LoopbackType(click.ParamType[tuple[str, int]]):
    name = "HOST:PORT"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        host, colon, port = value.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            self.fail(f"{value!r} is not an address; write it as 127.0.0.1:8765", param, ctx)
        if not is_loopback(host):
            self.fail(f"nobody is asked who they are here, so that {host!r} is refused; write 127.0.0.1", param, ctx)
        return host, int(port)


@click.command("mcp")
@config_option
@click.option("--http", type=_LoopbackType(), help="Serve streamable HTTP at /mcp of this address of loopback.")
@click.pass_context
def command(context: click.Context, http: tuple[str, int] | None) -> None:
    """Offer the reports to assistants by the Model Context Protocol, over standard input and output; reads only.

    With an API token in ATTRIBUTOR_TOKEN it tells what that token may see.
    """
    if find_spec("mcp") is None:
        say("`attributor mcp` needs the package `mcp`, which is not installed — pip install 'attributor[mcp]'")
        context.exit(USAGE_ERROR)
    assistant = import_module("attributor.app.assistant")  # what it needs is not installed everywhere
    token = os.environ.get("ATTRIBUTOR_TOKEN", "")
    with assistant.assistant_server(config_path(context), token=token) as server:
        if http is None:
            assistant.serve_stdio(server)
            return
        with _listening(*http) as listening:
            say(f"serving at http://{http[0]}:{http[1]}/mcp")
            assistant.serve_http(server, listening)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise click.BadParameter(f"cannot listen at {host}:{port}: {error.strerror}", param_hint="--http") from error
