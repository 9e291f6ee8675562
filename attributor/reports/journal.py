"""The chargeback journal of a month: what each account and cost center is debited, against one account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Literal

from sqlalchemy import Engine, select

from attributor.config.statement_settings import JournalForm
from attributor.ledger.engine import reading
from attributor.ledger.statements import closed_in
from attributor.ledger.tables import rollup
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Month
from attributor.reports.costs import amounts, cost_sums, on_days, parse_basis

_EXACT = Context(prec=60)
_CENT = Decimal("0.01")
_UNITS_PER_CENT = 10**10

Side = Literal["cost", "offset"]


@dataclass(frozen=True)
class JournalLine:
    """One line: `amount` in whole cents, debits above 0; `exact` is what it was before. The offset has no team."""

    side: Side
    account: str
    cost_center: str
    team: str
    currency: str
    amount: Decimal
    exact: Decimal


@dataclass(frozen=True)
class Journal:
    """A month's lines: those of each currency sum to 0, and its costs to the month's total in cents.

    `revision` is of the month's closing, None where it is open and the journal a draft.
    """

    month: Month
    revision: int | None
    lines: tuple[JournalLine, ...]


def journal(engine: Engine, form: JournalForm, month: Month) -> Journal:
    """Read a UTC month's journal, corrections of closed months that were posted in it included."""
    table = rollup.c
    columns = (table.currency, table.team, table.cost_center, table.service, table.category)
    query = select(*columns, *cost_sums(parse_basis(form.basis))).where(on_days(month.first, month.end))
    sums: dict[tuple[str, str, str, str], list[Decimal]] = {}
    with reading(engine) as connection:
        closing = closed_in(connection).get(month)
        for row in connection.execute(query.group_by(*columns)):
            account = form.accounts.of(row.service, row.category)
            sums.setdefault((row.currency, row.cost_center, row.team, account), []).append(amounts(row, 5)[0])
    costs = {key: total(found) for key, found in sums.items()}
    currencies = sorted({key[0] for key in costs})
    lines = [line for currency in currencies for line in _balanced(currency, costs, form.accounts.offset)]
    return Journal(month, None if closing is None else closing.revision, tuple(lines))


def journal_rows(report: Journal, form: JournalForm) -> list[dict[str, str]]:
    """Return the lines by heading, as texts; amounts are plain decimals."""
    return [{heading: _value(report, line, word) for heading, word in form.columns} for line in report.lines]


def in_cents(exact: Sequence[Decimal]) -> list[Decimal]:
    """Round amounts to cents so that they sum to their rounded sum (half-even): by largest remainder.

    Each differs from its exact amount by less than a cent.
    """
    units = [to_units(amount) for amount in exact]
    cents = [each // _UNITS_PER_CENT for each in units]
    whole = from_units(sum(units)).quantize(_CENT, context=_EXACT)
    missing = int(whole.scaleb(2, _EXACT)) - sum(cents)
    by_remainder = sorted(range(len(units)), key=lambda at: (-(units[at] % _UNITS_PER_CENT), at))
    for at in by_remainder[:missing]:
        cents[at] += 1
    return [Decimal(each).scaleb(-2, _EXACT) for each in cents]


def _balanced(currency: str, costs: Mapping[tuple[str, str, str, str], Decimal], offset: str) -> list[JournalLine]:
    keys = sorted(key for key, cost in costs.items() if key[0] == currency and cost)
    exact = [costs[key] for key in keys]
    lines = [
        JournalLine("cost", account, cost_center, team, currency, amount, cost)
        for (_, cost_center, team, account), amount, cost in zip(keys, in_cents(exact), exact, strict=True)
    ]
    against = [total(found).copy_negate() for found in ([line.amount for line in lines], exact)]
    return [*lines, JournalLine("offset", offset, "", "", currency, *against)] if lines else []


def _value(report: Journal, line: JournalLine, word: str) -> str:
    last: date = report.month.end - timedelta(days=1)
    match word:
        case "date":
            return last.isoformat()
        case "month":
            return str(report.month)
        case "description":
            return f"{line.team or 'all teams'}, {report.month}"
        case "debit" | "credit" | "amount":
            return _cents(line.amount, word)
        case "exact":
            return plain(line.exact)
        case "reference":
            closed = f"revision {report.revision}" if report.revision is not None else "draft"
            return f"attributor {report.month} {closed}"
        case _:
            found: str = getattr(line, word)
            return found


def _cents(amount: Decimal, word: str) -> str:
    """Write an amount with two decimals; debit and credit hold one side each, and are empty on the other."""
    if word == "amount":
        return f"{amount:.2f}"
    shown = amount if word == "debit" else amount.copy_negate()
    return f"{shown:.2f}" if shown > 0 else ""
