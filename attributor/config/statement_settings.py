"""How statements are delivered and journals written, as nouns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

FORMS = ("pdf", "xlsx", "csv", "html", "markdown", "json")
"""The forms that a statement can be written in."""
JOURNAL_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "date": "the last day of the month",
        "month": "the month",
        "account": "the account",
        "cost_center": "the cost center",
        "team": "the team's id",
        "description": "whose it is, and of which month",
        "debit": "what is debited, in cents",
        "credit": "what is credited, in cents",
        "amount": "debit less credit, in cents",
        "exact": "the amount before it was rounded",
        "currency": "the currency",
        "reference": "the closing, or that it is a draft",
    }
)
"""The columns that a journal can have, and what is in each."""
_USUAL_COLUMNS = ("date", "account", "cost_center", "team", "debit", "credit", "currency", "reference")


@dataclass(frozen=True)
class Accounts:
    """Where costs are booked: `services` and `categories` are globs over names, the first that fits decides.

    What fits none is booked to `expense`; the other side of all lines of a currency is `offset`.
    """

    expense: str = "expense"
    offset: str = "offset"
    services: tuple[tuple[str, str], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()

    def of(self, service: str, category: str) -> str:
        """Return the account of a charge; what its service says goes before its category."""
        for globs, name in ((self.services, service), (self.categories, category)):
            for glob, account in globs:
                if fnmatchcase(name, glob):
                    return account
        return self.expense


@dataclass(frozen=True)
class JournalForm:
    """How a journal is written: its columns as (heading, word of `JOURNAL_COLUMNS`), its accounts, the cost column."""

    columns: tuple[tuple[str, str], ...] = tuple((name, name) for name in _USUAL_COLUMNS)
    accounts: Accounts = field(default_factory=Accounts)
    basis: str = "effective"


_NAME_LENGTH = 400
Place = Literal["folder", "s3", "email"]


@dataclass(frozen=True)
class DeliverySettings:
    """Where statements of teams and cost centers go once a month is closed.

    `path` is an absolute folder or s3://bucket/prefix. `draft_on` is the day of a month from which on the statements of
    the month before are sent as drafts while it is open, None for never. `access` says how S3 is reached. `smtp` is the
    mail server's address, and may hold a password.
    """

    to: Place
    formats: tuple[str, ...]
    path: str = ""
    teams: tuple[str, ...] = ()
    cost_centers: tuple[str, ...] = ()
    draft_on: int | None = None
    access: Mapping[str, str] = field(default_factory=dict)
    smtp: str = field(default="", repr=False)
    sender: str = ""
    recipients: tuple[str, ...] = ()
    line: int = 0

    @property
    def name(self) -> str:
        """What tells it from others, and stays while it goes to the same place; it holds no secret."""
        name = f"{self.to}:{self.path or ','.join(self.recipients)}"
        return name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}#{sha256(name.encode()).hexdigest()}"


@dataclass(frozen=True)
class StatementSettings:
    """What `statements:` says."""

    deliver: tuple[DeliverySettings, ...] = ()
    journal: JournalForm = field(default_factory=JournalForm)
