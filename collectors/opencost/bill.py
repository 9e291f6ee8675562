"""The collector type `opencost`: what namespaces cost a day, by OpenCost or Kubecost, as charges."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windows import DAY, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.opencost.asking import COMMON_OPTIONS, Allocation, Asking, ask_day, asking_of, server_of
from collectors.options import duration, option_texts
from collectors.problems import Problems
from collectors.values.amounts import exact_sum

_OPTIONS = (
    *COMMON_OPTIONS,
    Option("currency", "The currency that OpenCost is set to; its answers do not say.", "EUR", default="USD"),
    Option("provider", "Whose cloud or machines these are, for the provider columns.", "AWS", default="OpenCost"),
)
_NO_DIFFERENCE = Decimal("0.00001")
"""OpenCost adds up its floats in another order than we do: totals may differ by less than this without any meaning."""


@dataclass(frozen=True)
class _Part:
    """A part of the cost: its fields in the answer, and what it is in FOCUS' words."""

    fields: tuple[str, ...]
    meter: str
    service_name: str
    service_category: str
    service_subcategory: str


_COMPUTE = ("Kubernetes", "Compute", "Containers")
_STORAGE = ("Kubernetes volumes", "Storage", "Block Storage")
_NETWORK = ("Kubernetes network", "Networking", "Other (Networking)")
_OTHER = ("Kubernetes surroundings", "Other", "Other (Other)")
_PARTS = (
    _Part(("cpuCost", "cpuCostAdjustment"), "CPU", *_COMPUTE),
    _Part(("ramCost", "ramCostAdjustment"), "Memory", *_COMPUTE),
    _Part(("gpuCost", "gpuCostAdjustment"), "GPU", *_COMPUTE),
    _Part(("pvCost", "pvCostAdjustment"), "Persistent volumes", *_STORAGE),
    _Part(("networkCost", "networkCostAdjustment"), "Network", *_NETWORK),
    _Part(("loadBalancerCost", "loadBalancerCostAdjustment"), "Load balancers", *_NETWORK),
    _Part(("sharedCost",), "Shared", *_OTHER),
    _Part(("externalCost",), "External", *_OTHER),
)
_REST = _Part((), "Other", *_OTHER)


@dataclass(frozen=True)
class _Bill:
    asking: Asking
    currency: str
    provider: str


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    bill = _Bill(asking_of(settings, texts, idle=True), texts["currency"], texts["provider"])
    return ApiCollector(
        ApiSource(
            settings,
            "charges",
            server_of(texts),
            partial(_fetch, bill=bill),
            f"GET /{bill.asking.path}",
            backfill=duration("backfill", texts["backfill"]),
            restates=duration("restates", texts["restates"]),
            settles=duration("settles", texts["settles"]),
        )
    )


def _fetch(session: Session, window: Window, *, bill: _Bill) -> Iterator[Answered]:
    for day in pieces(window, DAY):
        problems = Problems()
        for span, allocations in ask_day(session, bill.asking, day, DAY):
            rows = [row for one in allocations for row in _rows(one, span, bill, problems)]
            problems.raise_if_any(session.server.shown)
            yield Answered(span, rows)


def _rows(allocation: Allocation, day: Window, bill: _Bill, problems: Problems) -> Iterator[Row]:
    """Yield a charge for each part of the cost that is not nothing; together they are the answer's total."""
    total = allocation.number("totalCost", problems)
    if total is None:
        place = f"{allocation.place} {allocation.name}"
        problems.add(place, "is missing; what it cost is not known", field="totalCost")
        return
    amounts = [(part, _amount(allocation, part, problems)) for part in _PARTS]
    rest = total - exact_sum(amount for _, amount in amounts)
    if abs(rest) >= _NO_DIFFERENCE:
        amounts.append((_REST, rest))
    for part, amount in amounts:
        if amount:
            yield _row(allocation, part, amount, day, bill)


def _amount(allocation: Allocation, part: _Part, problems: Problems) -> Decimal:
    return exact_sum(allocation.number(field, problems) or Decimal(0) for field in part.fields)


def _row(allocation: Allocation, part: _Part, amount: Decimal, day: Window, bill: _Bill) -> Row:
    month = datetime(day.start.year, day.start.month, 1, tzinfo=UTC)
    following = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    holder = allocation.namespace
    return {
        "BilledCost": amount,
        "EffectiveCost": amount,
        "ListCost": amount,
        "ContractedCost": amount,
        "BillingCurrency": bill.currency,
        "ChargePeriodStart": day.start,
        "ChargePeriodEnd": day.end,
        "BillingPeriodStart": month,
        "BillingPeriodEnd": following,
        "BillingAccountId": allocation.cluster,
        "BillingAccountName": allocation.cluster,
        "BillingAccountType": "Cluster",
        "SubAccountId": holder,
        "SubAccountName": holder,
        "SubAccountType": holder and "Namespace",
        "ProviderName": bill.provider,
        "PublisherName": bill.provider,
        "InvoiceIssuerName": bill.provider,
        "ServiceName": part.service_name,
        "ServiceCategory": part.service_category,
        "ServiceSubcategory": part.service_subcategory,
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{part.meter} of {allocation.name}",
        "SkuId": part.meter,
        "SkuMeter": part.meter,
        "Tags": allocation.labels,
    }


TYPE = CollectorType(
    name="opencost",
    table="charges",
    summary="What the namespaces of Kubernetes cost by OpenCost or Kubecost, as a bill.",
    options=_OPTIONS,
    build=_build,
)
