"""What is charged once a month and belongs to its first day: contracts, the support plan and taxes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from attributor.demo.line import Account
from attributor.demo.plan import DemoPlan
from attributor.demo.sold import Sold, units_by_account
from attributor.money import from_units, to_units
from attributor.periods import Month, month_of

_CENT = Decimal("0.01")
_LEAST_SUPPORT = Decimal(7_000)
_SUPPORT_SHARE = Decimal("0.032")
_TAX_SHARE = Decimal("0.0125")
_USUAL_CONTRACT = Decimal(2_000)

CONTRACTS = {"research": "Data labelling, by contract", "ads": "Audience data, by contract"}
"""Marketplace contracts by team. This month's are large: a batch bought on the first."""


@dataclass(frozen=True)
class Monthly:
    """A month's charges in USD: `contracts` by team, `support` for all, `taxes` by account."""

    month: Month
    contracts: Mapping[str, Decimal]
    support: Decimal
    taxes: Mapping[Account, Decimal]


def billed_months(plan: DemoPlan) -> tuple[Month, ...]:
    """Return the months whose monthly charges are on the bill: those begun within the plan, and always this one."""
    within = {month_of(plan.first + timedelta(days=index)) for index in range(plan.days)}
    return tuple(sorted({month for month in within if month.first >= plan.first} | {month_of(plan.today)}))


def monthly_charges(plan: DemoPlan, aws: Sold, month: Month, contracts: Mapping[str, Decimal]) -> Monthly:
    """Return what a month is charged; `contracts` are this month's, earlier ones were of the usual size."""
    billed = {account: from_units(units) for account, units in units_by_account(aws, plan, month).items()}
    whole = from_units(sum(to_units(amount) for amount in billed.values()))
    return Monthly(
        month=month,
        contracts=contracts if month == month_of(plan.today) else dict.fromkeys(CONTRACTS, _USUAL_CONTRACT),
        support=max(_LEAST_SUPPORT, (whole * _SUPPORT_SHARE).quantize(_CENT)),
        taxes={account: (amount * _TAX_SHARE).quantize(_CENT) for account, amount in billed.items()},
    )


def overhead(monthly: Monthly) -> int:
    """Return what falls on everybody of a month's charges, support and taxes, in 1e-12 USD."""
    return to_units(monthly.support) + sum(to_units(tax) for tax in monthly.taxes.values())
