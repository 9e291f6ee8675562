"""What stands on a bill beside usage: monthly charges, credits, a refund, and the commitment itself."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attributor.demo import aws, gcp
from attributor.demo.focus import commitment_columns, provider_columns
from attributor.demo.line import Account, Provider
from attributor.demo.monthly import CONTRACTS, Monthly
from attributor.demo.plan import DemoPlan
from attributor.demo.sold import Sold
from attributor.money import from_units
from attributor.periods import month_of, start_of

_CREDIT_A_DAY = Decimal("-18.264193")
_UNUSED_PER_MILLE = 24
_MICRO = 10**6
_REFUND = Decimal("-312.480000007651")
_REFUND_DAYS_AGO = 12

Columns = dict[str, Any]


def monthly_fees(monthly: Monthly) -> Iterator[Columns]:
    """Yield the AWS bill's monthly charges; their period is the whole month."""
    span = (start_of(monthly.month.first), start_of(monthly.month.end))
    for team, amount in monthly.contracts.items():
        account = aws.ADS if team == "ads" else aws.RESEARCH
        yield _charge(aws.AWS, account, span, amount) | {
            **_recurring("AWS Marketplace", CONTRACTS[team]),
            "Tags": f'{{"team": "{team}"}}',
        }
    yield _charge(aws.AWS, aws.AWS.billing_account, span, monthly.support) | _recurring(
        "AWS Support (Enterprise)", "AWS Support (Enterprise)"
    )
    for account, tax in monthly.taxes.items():
        yield _charge(aws.AWS, account, span, tax) | {
            "ServiceName": "Tax",
            "ServiceCategory": "Other",
            "ChargeCategory": "Tax",
            "ChargeFrequency": "One-Time",
            "ChargeDescription": "Sales tax, month to date",
        }


def commitment(plan: DemoPlan, sold: Sold) -> Iterator[Columns]:
    """Yield for each day what buys that day's covered usage and a little more, and the unused rest."""
    payer = aws.AWS.billing_account
    for index, used in enumerate(sold.covered_units().tolist()):
        unused = used * _UNUSED_PER_MILLE // 1000 // _MICRO * _MICRO
        span = _span(plan.first + timedelta(days=index))
        common = {"ServiceName": "AWS Savings Plans", "ServiceCategory": "Compute"}
        bought, idle = from_units(used + unused), from_units(unused)
        yield (
            _charge(aws.AWS, payer, span, bought)
            | common
            | commitment_columns(aws.AWS, None)
            | {
                "EffectiveCost": Decimal(0),
                "ChargeCategory": "Purchase",
                "ChargeFrequency": "Recurring",
                "ChargeDescription": "1 year No Upfront Compute Savings Plan",
            }
        )
        yield (
            _charge(aws.AWS, payer, span, idle)
            | common
            | commitment_columns(aws.AWS, "Unused")
            | {
                "BilledCost": Decimal(0),
                "ListCost": Decimal(0),
                "ContractedCost": Decimal(0),
                "ChargeDescription": "Unused commitment of the Compute Savings Plan",
                "PricingCategory": "Committed",
            }
        )


def refund(plan: DemoPlan) -> Columns:
    """Return the one refund: a correction of an invoiced month, in the category that it corrects."""
    day = plan.today - timedelta(days=min(_REFUND_DAYS_AGO, plan.days))
    return _charge(aws.AWS, aws.PROD, _span(day), _REFUND) | {
        "ServiceName": aws.M7I.service,
        "ServiceCategory": aws.M7I.category,
        "ChargeClass": "Correction",
        "ChargeDescription": "Refund of instance hours billed twice last month",
        "Tags": '{"team": "search", "env": "prod", "project": "ranking"}',
    }


def gcp_credits(plan: DemoPlan) -> list[Columns]:
    """Return the daily promotional credit of the Google Cloud bill, for the warehouse's queries."""
    return [
        _charge(gcp.GCP, gcp.WAREHOUSE, _span(plan.first + timedelta(days=index)), _CREDIT_A_DAY)
        | {
            "ServiceName": gcp.ANALYSIS.service,
            "ServiceCategory": gcp.ANALYSIS.category,
            "ChargeCategory": "Credit",
            "ChargeDescription": "Promotional credit: analytics migration",
        }
        for index in range(plan.days)
    ]


def _recurring(service: str, description: str) -> Columns:
    return {
        "ServiceName": service,
        "ServiceCategory": "Other",
        "ChargeCategory": "Purchase",
        "ChargeFrequency": "Recurring",
        "ChargeDescription": description,
    }


def _span(day: date) -> tuple[datetime, datetime]:
    return start_of(day), start_of(day + timedelta(days=1))


def _charge(provider: Provider, account: Account, span: tuple[datetime, datetime], amount: Decimal) -> Columns:
    month = month_of(span[0].date())
    return {
        **provider_columns(provider),
        "SubAccountId": account.id,
        "SubAccountName": account.name,
        "BilledCost": amount,
        "EffectiveCost": amount,
        "ListCost": amount,
        "ContractedCost": amount,
        "ChargePeriodStart": span[0],
        "ChargePeriodEnd": span[1],
        "BillingPeriodStart": start_of(month.first),
        "BillingPeriodEnd": start_of(month.end),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "PricingCategory": "Standard",
    }
