"""Unattributed spend: the share that no rule claims is above its limit and above what it used to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from alerts.alert import Alert, ChartPoint, Contributor, Findings
from alerts.amounts import cents, percent_of, shown, times, total
from alerts.detect.presenting import midnight, severity_by_money, team_link

UNATTRIBUTED = "unattributed"


@dataclass(frozen=True)
class UnattributedDay:
    """A day's cost that no rule claimed, beside the day's whole cost, in one currency."""

    day: date
    unattributed: Decimal
    whole: Decimal
    complete: bool


@dataclass(frozen=True)
class UnattributedPolicy:
    """Shares are in percent. `recent` complete days are judged, the `earlier` days before them are what it used to be.

    The recent share must pass `limit` and be `rise` percent points above the earlier one; `floor` is in money.
    """

    limit: Decimal = Decimal(5)
    rise: Decimal = Decimal(1)
    recent: int = 3
    earlier: int = 28
    floor: Decimal = Decimal(10)
    warning_from: Decimal = Decimal(100)
    critical_from: Decimal = Decimal(5_000)


def rising_unattributed(
    days: Sequence[UnattributedDay],
    currency: str,
    contributors: Sequence[Contributor],
    now: datetime,
    policy: UnattributedPolicy | None = None,
) -> Findings:
    """Return at most one alert, key `unattributed:<currency>`; undecided where no complete day has any cost.

    `days` in any order, those that begin after `now` are left out; `contributors` are the accounts and services behind
    the recent days.
    """
    limits = policy or UnattributedPolicy()
    today = now.astimezone(UTC).date()
    complete = sorted((day for day in days if day.complete and day.day <= today), key=lambda day: day.day)
    recent, earlier = complete[-limits.recent :], complete[: -limits.recent][-limits.earlier :]
    share, before = _share(recent), _share(earlier)
    key = f"{UNATTRIBUTED}:{currency}"
    if share is None:
        return Findings("unattributed", (), undecided=(key,))
    amount = total(day.unattributed for day in recent)
    usual = Decimal(0) if before is None else before
    if share <= limits.limit or share < usual + limits.rise or amount < limits.floor:
        return Findings("unattributed", ())
    alert = Alert(
        key=key,
        kind="unattributed",
        team=UNATTRIBUTED,
        severity=severity_by_money(amount, warning=limits.warning_from, critical=limits.critical_from),
        title=f"{share} % of spend has no owner",
        summary=_summary(recent, share, before, currency),
        started_at=midnight(_first_above(recent, limits)),
        currency=currency,
        amount=cents(amount),
        threshold=cents(times(total(day.whole for day in recent), limits.limit).scaleb(-2)),
        contributors=tuple(sorted(contributors, key=lambda each: each.amount or Decimal(0), reverse=True)),
        chart=tuple(ChartPoint(f"{day.day}", day.unattributed, marked=day in recent) for day in complete[-31:]),
        link=team_link(UNATTRIBUTED, recent[-1].day),
        facts={"share_percent": str(share), "earlier_percent": "" if before is None else str(before)},
    )
    return Findings("unattributed", (alert,))


def _share(days: Sequence[UnattributedDay]) -> Decimal | None:
    whole = total(day.whole for day in days)
    return percent_of(total(day.unattributed for day in days), whole) if whole > 0 else None


def _first_above(recent: Sequence[UnattributedDay], policy: UnattributedPolicy) -> date:
    above = (day.day for day in recent if (_share([day]) or Decimal(0)) > policy.limit)
    return next(above, recent[0].day)


def _summary(recent: Sequence[UnattributedDay], share: Decimal, before: Decimal | None, currency: str) -> str:
    amount = shown(total(day.unattributed for day in recent), currency)
    whole = shown(total(day.whole for day in recent), currency)
    usual = "There is no earlier time to compare with." if before is None else f"Before it was {before} %."
    return f"{amount} of {whole} in the last {len(recent)} complete days is claimed by no rule ({share} %). {usual}"
