"""Bill and usage that stop agreeing: what usage is estimated at is no longer what it is billed at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from statistics import median

from alerts.alert import Alert, ChartPoint, Contributor
from alerts.amounts import cents, percent_of, shown, times, total
from alerts.detect.presenting import midnight


@dataclass(frozen=True)
class ComparedDay:
    """One service of a bill on a UTC day whose bill is complete: what its usage was estimated at, and the bill."""

    source: str
    service: str
    currency: str
    day: date
    estimated: Decimal
    billed: Decimal


@dataclass(frozen=True)
class AgreementPolicy:
    """The last `recent` days are held against at least `least` of the `earlier` ones; money below `floor` is nothing.

    They disagree where bill / estimate moved by `percent` or more.
    """

    recent: int = 3
    earlier: int = 28
    least: int = 7
    percent: Decimal = Decimal(20)
    floor: Decimal = Decimal(50)
    team: str = ""


def disagreements(days: Sequence[ComparedDay], policy: AgreementPolicy | None = None) -> list[Alert]:
    """Return one alert for each bill and currency that stopped agreeing; key `freshness:<source>:agreement:<currency>`.

    A constant difference, as of a discount, is agreement: only what changed is told.
    """
    limits = policy or AgreementPolicy()
    by_service = attrgetter("source", "currency", "service")
    moved = []
    for _, of_service in groupby(sorted(days, key=lambda each: (*by_service(each), each.day)), key=by_service):
        found = _moved(list(of_service), limits)
        moved += [found] if found is not None else []
    by_bill = attrgetter("source", "currency")
    return [_alert(list(of), limits) for _, of in groupby(moved, key=by_bill)]


@dataclass(frozen=True)
class _Moved:
    source: str
    currency: str
    service: str
    usual: Decimal
    days: tuple[ComparedDay, ...]

    @property
    def expected(self) -> Decimal:
        """What the bill would be at the usual ratio."""
        return times(total(each.estimated for each in self.days), self.usual)

    @property
    def billed(self) -> Decimal:
        return total(each.billed for each in self.days)


def _moved(days: Sequence[ComparedDay], policy: AgreementPolicy) -> _Moved | None:
    recent, earlier = days[-policy.recent :], days[: -policy.recent][-policy.earlier :]
    ratios = [each.billed / each.estimated for each in earlier if each.estimated > 0]
    if len(recent) < policy.recent or len(ratios) < policy.least:
        return None
    found = _Moved(recent[0].source, recent[0].currency, recent[0].service, Decimal(median(ratios)), tuple(recent))
    apart = abs(total((found.billed, -found.expected)))
    if apart < policy.floor or times(apart, 100) < times(found.expected, policy.percent):
        return None
    return found


def _alert(moved: Sequence[_Moved], policy: AgreementPolicy) -> Alert:
    source, currency = moved[0].source, moved[0].currency
    billed, expected = total(each.billed for each in moved), total(each.expected for each in moved)
    first = min(each.days[0].day for each in moved)
    direction = "more" if billed > expected else "less"
    apart = percent_of(abs(total((billed, -expected))), expected) if expected else "100"
    return Alert(
        key=f"freshness:{source}:agreement:{currency}",
        kind="freshness",
        team=policy.team,
        severity="warning",
        title=f"{source} and its usage no longer agree",
        summary=f"{source} billed {shown(billed, currency)} in the last {policy.recent} complete days, {apart} % "
        f"{direction} than the {shown(expected, currency)} that its usage stood for until then. A price changed, or "
        "one of them is incomplete: see `attributor variance`.",
        started_at=midnight(first),
        currency=currency,
        amount=cents(billed),
        threshold=cents(expected),
        contributors=tuple(
            Contributor(
                each.service or "(no service)", cents(each.billed), f"expected {shown(each.expected, currency)}"
            )
            for each in moved
        ),
        chart=tuple(ChartPoint(f"{each.day}", each.billed, marked=True) for each in moved[0].days),
        link="/health",
        facts={"source": source},
    )
