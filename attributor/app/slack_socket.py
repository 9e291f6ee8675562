"""Slack's Socket Mode: buttons come through a connection that we open, so that Slack need not reach us."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from urllib.error import URLError

from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient
from sqlalchemy.exc import SQLAlchemyError

from alerts.channels.slack_bot import SlackBotChannel
from attributor.app.wiring import App
from attributor.web.slack_api import pressed

logger = logging.getLogger(__name__)
_TRY_AGAIN = 30.0
"""Seconds."""


@contextmanager
def sockets_open(app: App) -> Iterator[None]:
    """Listen for every bot that has an app token, until the end; one that cannot connect is tried again.

    Any daemon may be asked, for Slack tells one of those that listen.
    """
    ended = Event()
    bots = [each for each in app.channels.values() if isinstance(each, SlackBotChannel) and each.app_token]
    clients = [_client(app, bot) for bot in bots]
    for client in clients:
        Thread(target=_connect, args=(client, ended), name="slack socket", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        for client in clients:
            client.close()


def _client(app: App, bot: SlackBotChannel) -> SocketModeClient:
    client = SocketModeClient(app_token=bot.app_token, web_client=WebClient(base_url=f"{bot.api.url}/"), concurrency=1)
    client.socket_mode_request_listeners.append(_listener(app))
    return client


def _connect(client: SocketModeClient, ended: Event) -> None:
    while not ended.is_set():
        try:
            client.connect()
        except (SlackClientError, URLError, OSError, ValueError) as error:
            logger.warning("Slack's Socket Mode cannot be reached: %s", type(error).__name__)
            ended.wait(_TRY_AGAIN)
        else:
            if ended.is_set():
                client.close()  # what was closed while it connected is open again
            return  # from here on the client connects again by itself


def _listener(app: App) -> Callable[[BaseSocketModeClient, SocketModeRequest], None]:
    def listen(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive":
            return
        try:
            pressed(app.engine, request.payload, app.clock)
        except (KeyError, TypeError, ValueError) as error:
            logger.warning("a button of Slack was not understood: %s", error)
        except SQLAlchemyError as error:
            logger.error("a button of Slack was lost, for the ledger is away: %s", type(error).__name__)

    return listen
