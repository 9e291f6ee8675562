"""Where the daemon listens: taken before any work begins, so that a port in use is an error and not a half start."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from attributor.app.errors import ConfigurationError
from attributor.config.settings import Settings
from rules.problem import Problem

_BACKLOG = 2048


@contextmanager
def listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """Open a socket for every address of `web.listen`; raise ConfigurationError where one cannot be had."""
    web = settings.web
    with ExitStack() as opened:
        try:
            found = socket.getaddrinfo(web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = [
                opened.enter_context(socket.create_server(address[:2], family=family, backlog=_BACKLOG))
                for family, _, _, _, address in found
            ]
        except OSError as error:
            reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
            said = f"`listen`: cannot listen at {web.host}:{web.port}: {reason}"
            fix = "stop the program that does, or choose another port"
            raise ConfigurationError((Problem(str(settings.file), 1, said, fix),)) from error
        yield sockets
