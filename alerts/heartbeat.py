"""The dead man's switch: an address that is called while all is well, so that somebody else notices when it is not."""

from datetime import datetime

from alerts.channels.base import Accepted
from alerts.channels.posting import Address, call


def beat(address: Address, now: datetime) -> str:
    """GET the address once and return what went wrong, "" where nothing did; it never holds the address."""
    answer = call(address, now)
    return "" if isinstance(answer, Accepted) else answer.error
