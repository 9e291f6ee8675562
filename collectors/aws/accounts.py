"""AWS Organizations: what the accounts of an organization are called, and their tags."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from collectors.api.pages import Page, walk
from collectors.aws.asking import Asking
from collectors.aws.client import asked, client_of
from collectors.base import CollectError, Need
from collectors.storage.access import Access

_LIST_ACCOUNTS = "organizations:ListAccounts"
_LIST_TAGS = "organizations:ListTagsForResource"
_FREE = Decimal(0)


@dataclass(frozen=True)
class Account:
    """One account of an organization; the keys of `tags` are as they were given."""

    name: str | None
    tags: Mapping[str, str]


def organizations_client(access: Access, asking: Asking) -> Any:
    """Build a client whose requests are counted, each that boto3 tries again too. Raises CollectError.

    `endpoint_url` is where the bill lies, and not where Organizations answers: that is left to boto3.
    """
    client = client_of("organizations", replace(access, endpoint_url=None), "us-east-1")
    client.meta.events.register("before-send.organizations", lambda **_: asking.count(_FREE))
    return client


def read_accounts(client: Any) -> Mapping[str, Account]:
    """Return every account by its id, closed ones too. Raises CollectError, which names the permission."""
    listed = walk(partial(_accounts, client), _LIST_ACCOUNTS)
    return {
        account["Id"]: Account(account.get("Name") or None, _tags_of(client, account["Id"]))
        for page in listed
        for account in page
    }


def organizations_needs(access: Access) -> tuple[Need, ...]:
    """Try what reading the accounts needs: list the first of them, and the tags of one."""
    try:
        client = organizations_client(access, Asking())
        first = next(walk(partial(_accounts, client), _LIST_ACCOUNTS), ())
    except CollectError as error:
        return (Need(_LIST_ACCOUNTS, str(error)),)
    try:
        for account in first[:1]:
            _tags_of(client, account["Id"])
    except CollectError as error:
        return (Need(_LIST_ACCOUNTS), Need(_LIST_TAGS, str(error)))
    return (Need(_LIST_ACCOUNTS), Need(_LIST_TAGS))


def _accounts(client: Any, token: str | None) -> Page:
    answer = asked(_LIST_ACCOUNTS, partial(client.list_accounts, **_following(token)))
    return Page(answer.get("Accounts", []), answer.get("NextToken") or None)


def _tags_of(client: Any, account: str) -> Mapping[str, str]:
    def ask(token: str | None) -> Page:
        answer = asked(_LIST_TAGS, partial(client.list_tags_for_resource, ResourceId=account, **_following(token)))
        return Page(answer.get("Tags", []), answer.get("NextToken") or None)

    return {tag["Key"]: tag["Value"] for page in walk(ask, f"{_LIST_TAGS} of {account}") for tag in page}


def _following(token: str | None) -> Mapping[str, str]:
    return {} if token is None else {"NextToken": token}
