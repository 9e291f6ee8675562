"""The collector type `aws-cost-explorer`: daily costs by two dimensions, where no export exists."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from collectors.api.pages import Page, walk
from collectors.api.rows import Row
from collectors.api.windowed import Answered, WindowedCollector, WindowedSource
from collectors.api.windows import DAY, month_of
from collectors.aws.asking import Asking, opened_asking
from collectors.aws.client import AWS_OPTIONS, access_of, asked, client_of
from collectors.base import CollectError, Collector, CollectorType, Option, SourceSettings, Window
from collectors.bills.aws.accounts import ORGANIZATIONS_OPTION, WindowedBillWithAccounts, wants_accounts
from collectors.bills.aws.answers import Answers
from collectors.options import decimal, duration, option_list, option_texts

_PRICE = Decimal("0.01")
"""Dollars a request, each page one."""

_ACCOUNT = "LINKED_ACCOUNT"
_COLUMNS = {
    _ACCOUNT: "SubAccountId",
    "SERVICE": "ServiceName",
    "REGION": "RegionId",
    "AZ": "AvailabilityZone",
    "USAGE_TYPE": "SkuMeter",
}
_TAG, _CATEGORY = "TAG:", "COST_CATEGORY:"
_NOT_THERE = {"NoRegion": None, "global": "global"}
_METRICS = ["UnblendedCost", "AmortizedCost"]
_KEPT = ("ResultsByTime", "NextPageToken", "DimensionValueAttributes")
"""What is kept of an answer; the attributes are what accounts are called, by their ids."""
_DEFAULT_GROUPS = (_ACCOUNT, "SERVICE")
_OPTIONS = (
    Option("group_by", "One or two of LINKED_ACCOUNT, SERVICE, REGION, AZ, USAGE_TYPE, TAG:key, COST_CATEGORY:name; "
           "[LINKED_ACCOUNT, SERVICE] where it is left out.", "[SERVICE, 'TAG:team']", kind="list"),
    Option("max_requests", "The most requests of one UTC day; each costs $0.01.", "20", "integer", default="50"),
    Option("fresh", "How long an answer is kept and not paid for again.", "6h", kind="duration", default="12h"),
    Option("cache", "The folder of kept answers, relative to the configuration file.", "/var/cache/attributor", "path",
           default=".cost-explorer"),
    Option("backfill", "How far back the first reading goes, 14 months at most.", "90d", "duration", default="31d"),
    Option("restates", "How far back AWS corrects what it said before.", "30d", kind="duration", default="15d"),
    ORGANIZATIONS_OPTION,
    *AWS_OPTIONS,
)  # fmt: skip


@dataclass(frozen=True)
class _Explorer:
    """What is asked for, and how."""

    connect: Callable[[], Any]
    groups: tuple[str, ...]
    answers: Answers

    def fetch(self, asking: Asking, piece: Window) -> Iterator[Answered]:
        """Yield each day that was answered, its groups from all pages together."""
        by_day: dict[datetime, list[Mapping[str, Any]]] = defaultdict(list)
        client, names = self.connect(), dict[str, str]()
        for results in walk(lambda token: self._page(client, asking, piece, token, names), "ce:GetCostAndUsage"):
            for result in results:
                day = datetime.fromisoformat(result["TimePeriod"]["Start"][:10]).replace(tzinfo=UTC)
                if not piece.start <= day < piece.end:
                    raise CollectError(
                        f"ce:GetCostAndUsage answered of {day:%Y-%m-%d}, which was not asked", permanent=True
                    )
                by_day[day] += result.get("Groups", [])
        for day, groups in sorted(by_day.items()):
            yield Answered(Window(day, day + DAY), [self._row(group, day, names) for group in groups])

    def _page(self, client: Any, asking: Asking, piece: Window, token: str | None, names: dict[str, str]) -> Page:
        """Ask for a page; what it says that its accounts are called is added to `names`."""
        request = {
            "TimePeriod": {"Start": f"{piece.start:%Y-%m-%d}", "End": f"{piece.end:%Y-%m-%d}"},
            "Granularity": "DAILY",
            "Metrics": _METRICS,
            "GroupBy": [_group(group) for group in self.groups],
            **({} if token is None else {"NextPageToken": token}),
        }

        def ask() -> Any:
            asking.count(_PRICE)
            answer = asked("ce:GetCostAndUsage", lambda: client.get_cost_and_usage(**request))
            return {key: answer[key] for key in _KEPT if key in answer}

        answer = self.answers.get(request, ask)
        for told in answer.get("DimensionValueAttributes", []):
            if name := told.get("Attributes", {}).get("description"):
                names[told["Value"]] = name
        return Page(answer.get("ResultsByTime", []), answer.get("NextPageToken") or None)

    def _row(self, group: Mapping[str, Any], day: datetime, names: Mapping[str, str]) -> Row:
        told: dict[str, object] = {}
        tags: dict[str, str] = {}
        for name, key in zip(self.groups, group["Keys"], strict=True):
            if name.startswith(_TAG):
                if value := key.partition("$")[2]:
                    tags[name.removeprefix(_TAG)] = value
            elif name.startswith(_CATEGORY):
                if value := key.partition("$")[2]:
                    tags[f"cost_category/{name.removeprefix(_CATEGORY)}"] = value
            else:
                told[_COLUMNS[name]] = _NOT_THERE.get(key, key)
                if name == _ACCOUNT:
                    told["SubAccountName"] = names.get(key)
        billed, amortised = (group["Metrics"][name] for name in _METRICS)
        if billed["Unit"] != amortised["Unit"]:
            raise CollectError(f"ce:GetCostAndUsage mixes {billed['Unit']} and {amortised['Unit']}", permanent=True)
        return {
            **told,
            "Tags": tags,
            "BilledCost": billed["Amount"],
            "EffectiveCost": amortised["Amount"],
            "BillingCurrency": billed["Unit"],
            "ChargePeriodStart": day,
            "ChargePeriodEnd": day + DAY,
            "BillingPeriodStart": month_of(day).start,
            "BillingPeriodEnd": month_of(day).end,
            "ProviderName": "AWS",
            "InvoiceIssuerName": "AWS",
        }


def _group(name: str) -> Mapping[str, str]:
    kind, _, key = name.partition(":")
    return {"Type": kind, "Key": key} if key else {"Type": "DIMENSION", "Key": name}


def _groups_of(settings: SourceSettings) -> tuple[str, ...]:
    groups = option_list(settings, "group_by") or _DEFAULT_GROUPS
    allowed = list(_COLUMNS)
    for name in groups:
        if name not in allowed and not (name.startswith((_TAG, _CATEGORY)) and name.partition(":")[2]):
            raise ValueError(f"group_by: {name!r} is not one of {', '.join(allowed)}, TAG:key, COST_CATEGORY:name")
    if len(groups) > 2 or len(set(groups)) != len(groups):
        raise ValueError("group_by: Cost Explorer groups by one or two, each once")
    return groups


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    access = access_of(texts)
    most = decimal("max_requests", texts["max_requests"], Decimal(1), Decimal(100_000))
    folder = settings.folder / texts["cache"] / settings.name
    explorer = _Explorer(
        lambda: client_of("ce", access, "us-east-1"),
        _groups_of(settings),
        Answers(folder, duration("fresh", texts["fresh"]), int(most), settings.clock),
    )
    source = WindowedSource(
        settings,
        "charges",
        "cost-explorer",
        opened_asking,
        explorer.fetch,
        ("ce:GetCostAndUsage",),
        unit=DAY,
        piece=31 * DAY,
        backfill=duration("backfill", texts["backfill"]),
        restates=duration("restates", texts["restates"]),
        settles=DAY,
    )
    bill = WindowedCollector(source)
    if not wants_accounts(texts):
        return bill
    if _ACCOUNT not in explorer.groups:
        raise ValueError(f"organizations: accounts are told where group_by has {_ACCOUNT}")
    return WindowedBillWithAccounts(bill, access)


TYPE = CollectorType(
    name="aws-cost-explorer",
    table="charges",
    summary="AWS costs by the day from Cost Explorer, where no export exists; $0.01 a request, kept and capped.",
    options=_OPTIONS,
    build=_build,
)
