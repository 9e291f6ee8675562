"""Clients of AWS: credentials by boto3's own chain, and errors that say whether they are permanent."""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailedError

from collectors.base import CollectError, Option
from collectors.storage.access import Access
from collectors.storage.store import is_permanent

AWS_OPTIONS = (
    Option("region", "The region to ask, where the profile names none.", "eu-west-1"),
    Option("profile", "The profile of the AWS configuration to ask with; it may assume a role.", "billing"),
    Option("endpoint_url", "Another address of the service.", "http://localhost:5000", kind="url"),
)
_BUSY = (
    "Throttl",
    "TooManyRequests",
    "RequestLimit",
    "LimitExceeded",
    "DataUnavailable",
    "ServiceUnav",
    "InvalidNextT",
)
"""How the codes of errors begin that pass, though they come with a status of 400."""

_OTHER_TIME = {"RequestExpired", "RequestTimeTooSkewed"}
_OTHER_TIME_SIGNED = ("Signature expired", "Signature not yet current")


def access_of(texts: Mapping[str, str]) -> Access:
    """Gather who asks."""
    return Access(**{option.name: texts[option.name] for option in AWS_OPTIONS if option.name in texts})


def client_of(service: str, access: Access, default_region: str | None = None) -> Any:
    """Build a client; throttling and 5xx are tried again four times. Raises CollectError where settings are missing."""
    attempts = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=60)
    try:
        session = boto3.Session(profile_name=access.profile, region_name=access.region)
        region = session.region_name or default_region
        return session.client(service, config=attempts, endpoint_url=access.endpoint_url, region_name=region)  # type: ignore[call-overload]
    except BotoCoreError as error:
        raise CollectError(f"{service} cannot be asked: {error}", permanent=True) from error


def asked(what: str, ask: Callable[[], Any]) -> Any:
    """Return an answer, or raise CollectError with AWS' code and words."""
    try:
        return ask()
    except ClientError as error:
        told = error.response.get("Error", {})
        code, status = told.get("Code", "unknown"), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        message = told.get("Message", "")
        if code in _OTHER_TIME or message.startswith(_OTHER_TIME_SIGNED):
            # AWS refuses what was signed five minutes earlier or later than by its own clock.
            raise CollectError(f"{what}: {code}: {message} (this host's clock is wrong)", permanent=False) from error
        permanent = is_permanent(status) and not code.startswith(_BUSY)
        raise CollectError(f"{what}: {code}: {message}", permanent=permanent) from error
    except BotoCoreError as error:
        away = isinstance(error, (ConnectionFailedError, HTTPClientError))
        raise CollectError(f"{what}: {error}", permanent=not away) from error
