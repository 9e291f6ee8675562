"""The built-in kinds of channels."""

from collections.abc import Mapping

from alerts.channels.alertmanager import ALERTMANAGER
from alerts.channels.apprise import APPRISE
from alerts.channels.base import ChannelType
from alerts.channels.console import CONSOLE
from alerts.channels.pagerduty import PAGERDUTY
from alerts.channels.slack import SLACK
from alerts.channels.slack_bot import SLACK_BOT
from alerts.channels.webhook import WEBHOOK


def built_in() -> Mapping[str, ChannelType]:
    """Return every built-in kind of channel by the name that `type:` gives it."""
    return {each.name: each for each in (SLACK, SLACK_BOT, WEBHOOK, PAGERDUTY, ALERTMANAGER, APPRISE, CONSOLE)}
