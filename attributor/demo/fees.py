"""What stands on a bill beside usage: fixed fees, support, taxes, credits, a refund, and the commitment itself."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from attributor.demo import aws, gcp
from attributor.demo.focus import commitment_columns, provider_columns
from attributor.demo.line import Account, Provider
from attributor.demo.plan import DemoPlan
from attributor.money import total
from attributor.periods import Month, month_of, start_of

_CENT = Decimal("0.01")
_SUPPORT_SHARE = Decimal("0.032")
_TAX_SHARE = Decimal("0.0125")
_CREDIT_A_DAY = Decimal("-18.264193")
_UNUSED_SHARE = Decimal("0.024")
_REFUND = Decimal("-312.480000007651")
_REFUND_DAYS_AGO = 12

MONTHLY_FEES = (
    ("research", "Data labelling service, monthly contract", Decimal(24_000)),
    ("ads", "Audience data feed, monthly contract", Decimal(18_000)),
)
"""Marketplace contracts, charged whole on the first of a month; they make a budget cross early in a month too."""


def billed_months(plan: DemoPlan) -> tuple[Month, ...]:
    """Return the months whose monthly charges are on the bill: those begun within the plan, and always this one."""
    current = month_of(plan.today)
    earlier = {month_of(plan.first + timedelta(days=index)) for index in range(plan.days)}
    return tuple(sorted({month for month in earlier if month.first >= plan.first} | {current}))


def aws_fees(plan: DemoPlan, usage: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of the AWS bill that are no usage; `usage` is the bill's usage."""
    fees = [row for month in billed_months(plan) for row in _monthly(month, usage)]
    fees += _commitment(usage)
    refund_day = plan.today - timedelta(days=min(_REFUND_DAYS_AGO, plan.days))
    fees.append(
        _charge(aws.AWS, aws.PROD, _span(refund_day), _REFUND)
        | {
            "ServiceName": aws.M7I.service,
            "ServiceCategory": aws.M7I.category,
            "ChargeClass": "Correction",
            "ChargeDescription": "Refund of instance hours billed twice last month",
            "Tags": '{"team": "search", "env": "prod", "project": "ranking"}',
        }
    )
    return fees


def gcp_credits(plan: DemoPlan) -> list[dict[str, Any]]:
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


def _monthly(month: Month, usage: pa.Table) -> Iterator[dict[str, Any]]:
    span = (start_of(month.first), start_of(month.end))
    billed = _by_account(usage, month)
    for team, description, amount in MONTHLY_FEES:
        yield _charge(aws.AWS, aws.ADS if team == "ads" else aws.RESEARCH, span, amount) | {
            "ServiceName": "AWS Marketplace",
            "ServiceCategory": "Other",
            "ChargeCategory": "Purchase",
            "ChargeFrequency": "Recurring",
            "ChargeDescription": description,
            "Tags": f'{{"team": "{team}"}}',
        }
    support = max(Decimal(7_000), (total(billed.values()) * _SUPPORT_SHARE).quantize(_CENT))
    yield _charge(aws.AWS, aws.AWS.billing_account, span, support) | {
        "ServiceName": "AWS Support (Enterprise)",
        "ServiceCategory": "Other",
        "ChargeCategory": "Purchase",
        "ChargeFrequency": "Recurring",
        "ChargeDescription": "AWS Support (Enterprise)",
    }
    for account, amount in billed.items():
        yield _charge(aws.AWS, account, span, (amount * _TAX_SHARE).quantize(_CENT)) | {
            "ServiceName": "Tax",
            "ServiceCategory": "Other",
            "ChargeCategory": "Tax",
            "ChargeFrequency": "One-Time",
            "ChargeDescription": "Sales tax, month to date",
        }


def _by_account(usage: pa.Table, month: Month) -> dict[Account, Decimal]:
    inside = usage.filter(pc.equal(usage["BillingPeriodStart"], pa.scalar(start_of(month.first))))
    sums = inside.group_by(["SubAccountId", "SubAccountName"], use_threads=False).aggregate([("EffectiveCost", "sum")])
    rows = sorted(sums.to_pylist(), key=lambda row: str(row["SubAccountId"]))
    return {Account(row["SubAccountId"], row["SubAccountName"]): row["EffectiveCost_sum"] for row in rows}


def _commitment(usage: pa.Table) -> Iterator[dict[str, Any]]:
    """Buy each day what covers that day's covered usage and a little more: the rest is unused commitment."""
    covered = usage.filter(pc.equal(usage["CommitmentDiscountStatus"], "Used"))
    days = covered.append_column("day", pc.floor_temporal(covered["ChargePeriodStart"], unit="day"))
    sums = days.group_by("day", use_threads=False).aggregate([("EffectiveCost", "sum")]).sort_by("day")
    for row in sums.to_pylist():
        used = row["EffectiveCost_sum"]
        unused = (used * _UNUSED_SHARE).quantize(Decimal("0.000001"))
        common = {"ServiceName": "AWS Savings Plans", "ServiceCategory": "Compute"}
        day = row["day"].date()
        payer = aws.AWS.billing_account
        yield (
            _charge(aws.AWS, payer, _span(day), used + unused)
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
            _charge(aws.AWS, payer, _span(day), unused)
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


def _span(day: date) -> tuple[datetime, datetime]:
    return start_of(day), start_of(day + timedelta(days=1))


def _charge(provider: Provider, account: Account, span: tuple[datetime, datetime], amount: Decimal) -> dict[str, Any]:
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
