"""Bills whose charges are told the names and the tags of their accounts, by AWS Organizations."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collectors.aws.accounts import Account, organizations_client, organizations_needs, read_accounts
from collectors.aws.asking import Asking
from collectors.base import Backfilling, Collector, Need, Option, Probing, Reading, Reporting, TableName, Window
from collectors.bills.aws.tags import ACCOUNT_TAG, merged
from collectors.options import choice
from collectors.schema import CHARGES, TAGS
from collectors.storage.access import Access
from collectors.values.distinct import named

ORGANIZATIONS_OPTION = Option(
    "organizations",
    "Whether AWS Organizations is asked for the names and tags of accounts.",
    "true",
    kind="boolean",
    default="false",
)


class _Bill(Collector, Probing, Protocol):
    """A bill that can be probed."""


class _WindowedBill(_Bill, Backfilling, Protocol):
    """One that is read a window at a time."""


def wants_accounts(texts: Mapping[str, str]) -> bool:
    """Return what the option says; raise ValueError where it is neither true nor false."""
    name = ORGANIZATIONS_OPTION.name
    return choice(name, texts[name], ("true", "false")) == "true"


class BillWithAccounts:
    """The Collector of a bill and of what Organizations says of its accounts, as it is when the bill is read.

    Organizations is asked once a reading, and where there is no charge not at all.
    """

    def __init__(self, bill: _Bill, access: Access) -> None:
        self._bill = bill
        self._access = access
        self._asking = Asking()

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._bill.name

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""
        return self._bill.table

    @property
    def restates(self) -> timedelta:
        """How far back the provider changes what it said before."""
        return self._bill.restates

    @property
    def holds_everything(self) -> bool:
        """Whether `collect(None)` is the whole truth."""
        return self._bill.holds_everything

    def revision(self) -> str | None:
        """Return the bill's own, made another so that a bill read before is read again; None where it has none.

        What changes in the organization alone does not change it: telling would take all its requests.
        """
        revision = self._bill.revision()
        return None if revision is None else hashlib.sha256(f"{revision} with accounts".encode()).hexdigest()

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the bill's rows, with their accounts' names and tags. Raises CollectError."""
        self._asking = Asking()
        accounts: Mapping[str, Account] | None = None
        for batch in self._bill.collect(window):
            if accounts is None:
                accounts = read_accounts(organizations_client(self._access, self._asking))
            yield with_accounts(batch, accounts)

    def asked(self) -> Asking:
        """Return what the last `collect` asked so far, of the bill and of Organizations, also where it failed."""
        own, of_bill = self._asking, self._bill.asked() if isinstance(self._bill, Reporting) else None
        if of_bill is None:
            return own
        return Asking(own.requests + of_bill.requests, own.cost + of_bill.cost)

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered; raise RuntimeError where there was none."""
        reading, own = self._bill.reading(), self._asking
        return replace(reading, requests=reading.requests + own.requests, cost=reading.cost + own.cost)

    def probe(self) -> tuple[Need, ...]:
        """Try what the bill needs, and what Organizations needs."""
        return (*self._bill.probe(), *organizations_needs(self._access))


class WindowedBillWithAccounts(BillWithAccounts):
    """The same of a bill that is read a window at a time."""

    def __init__(self, bill: _WindowedBill, access: Access) -> None:
        super().__init__(bill, access)
        self._backfill = bill.backfill

    @property
    def backfill(self) -> timedelta:
        """How far back the first reading goes."""
        return self._backfill


def with_accounts(batch: pa.RecordBatch, accounts: Mapping[str, Account]) -> pa.RecordBatch:
    """Fill in the names of accounts where charges have none, and add tags of accounts as accountTag/KEY.

    A tag that a charge has already stays, and charges of an account that is not there stay as they are.
    """
    ids = batch.column("SubAccountId")
    names = {key: account.name for key, account in accounts.items() if account.name is not None}
    told = {
        "SubAccountName": pc.coalesce(batch.column("SubAccountName"), named(ids, names, None)),
        "Tags": _tagged(batch.column("Tags"), ids, accounts),
    }
    return pa.RecordBatch.from_arrays([told.get(name, batch.column(name)) for name in CHARGES.names], schema=CHARGES)


def _tagged(own: pa.MapArray, ids: pa.Array, accounts: Mapping[str, Account]) -> pa.MapArray:
    encoded = ids.dictionary_encode()
    tags = [_tags_of(accounts.get(identity)) for identity in encoded.dictionary.to_pylist()]
    of_accounts = pa.array(tags, TAGS).take(encoded.indices)
    if of_accounts.null_count == len(of_accounts):
        return own
    return pc.if_else(of_accounts.is_valid(), merged([of_accounts, own]), own)


def _tags_of(account: Account | None) -> list[tuple[str, str]] | None:
    if account is None or not account.tags:
        return None
    return [(ACCOUNT_TAG + key, value) for key, value in sorted(account.tags.items())]
