"""What questions are answered from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from attributor.periods import Month
from attributor.reports.explanation import Explained
from attributor.reports.invoices import InvoiceControl
from attributor.reports.subject import Subject
from rules.ruleset import Team

Explain = Callable[[Subject], tuple[Explained, ...]]
Invoiced = Callable[[Month], tuple[InvoiceControl, ...]]


def no_invoices(_month: Month) -> tuple[InvoiceControl, ...]:
    """Stand in where no invoice is known."""
    return ()


@dataclass(frozen=True)
class Books:
    """Everything that an answer may tell of: whoever may be told of less is answered from other books.

    `figures` returns what answers questions about costs and usage alone: the ledger, or a copy of it in columns.
    `teams` and `dimensions` return those of the rules in use now, teams in the order of the file. `clock` returns aware
    UTC time. `explain` attributes a day anew, from the lake; without it amounts are explained by day and rule alone.
    `invoiced` holds a month's invoices against the ledger. `are_whole`: they are those of all teams.
    """

    engine: Engine
    figures: Callable[[], Engine]
    teams: Callable[[], Mapping[str, Team]]
    dimensions: Callable[[], tuple[str, ...]]
    clock: Callable[[], datetime]
    explain: Explain | None = None
    invoiced: Invoiced = no_invoices
    are_whole: bool = True
