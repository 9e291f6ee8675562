"""Zero where there was never zero: what a source told of every day, and suddenly does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, takewhile
from operator import attrgetter
from statistics import median

from alerts.alert import Alert, Contributor
from alerts.amounts import cents, shown
from alerts.detect.presenting import midnight


@dataclass(frozen=True)
class ToldDaily:
    """What a source told by UTC day, in order: a service's cost in `currency`, or a metric's quantity where it is "".

    `days` are those that the source has told in full; one without a row is 0.
    """

    source: str
    name: str
    currency: str
    days: tuple[tuple[date, Decimal], ...]


@dataclass(frozen=True)
class VanishedPolicy:
    """Zero is told after `before` days in a row without any, for `told_for` days; money only from `floor` a day on."""

    before: int = 14
    told_for: int = 7
    floor: Decimal = Decimal(10)
    team: str = ""


def vanished(told: Sequence[ToldDaily], policy: VanishedPolicy | None = None) -> list[Alert]:
    """Return one alert for each source that tells zero of what it never told zero of; key `freshness:<source>:zero`."""
    limits = policy or VanishedPolicy()
    found = [each for each in told if _has_vanished(each, limits)]
    by_source = attrgetter("source")
    return [_alert(list(of), limits) for _, of in groupby(sorted(found, key=by_source), key=by_source)]


def _zeros(told: ToldDaily) -> int:
    return sum(1 for _ in takewhile(lambda amount: amount == 0, (amount for _, amount in reversed(told.days))))


def _has_vanished(told: ToldDaily, policy: VanishedPolicy) -> bool:
    zeros = _zeros(told)
    before = [amount for _, amount in told.days[: len(told.days) - zeros]][-policy.before :]
    if not 1 <= zeros <= policy.told_for or len(before) < policy.before or any(amount <= 0 for amount in before):
        return False
    return not told.currency or median(before) >= policy.floor


def _alert(told: Sequence[ToldDaily], policy: VanishedPolicy) -> Alert:
    source = told[0].source
    first = min(each.days[-_zeros(each)][0] for each in told)
    names = ", ".join(each.name or "(no service)" for each in told[:3]) + (" …" if len(told) > 3 else "")
    return Alert(
        key=f"freshness:{source}:zero",
        kind="freshness",
        team=policy.team,
        severity="warning",
        title=f"{source} tells nothing of {names}",
        summary=f"{source} tells nothing of {names} since {first}, after {policy.before} days and longer without a day "
        "of zero. Either it is no longer used, or the source lacks it.",
        started_at=midnight(first),
        contributors=tuple(
            Contributor(each.name or "(no service)", None, _usual(each, policy))
            for each in sorted(told, key=attrgetter("name"))
        ),
        link="/health",
        facts={"source": source, "since": f"{first}"},
        level=len(told),
    )


def _usual(told: ToldDaily, policy: VanishedPolicy) -> str:
    before = [amount for _, amount in told.days[: len(told.days) - _zeros(told)]][-policy.before :]
    usual = Decimal(median(before))
    return f"usually {shown(usual, told.currency)} a day" if told.currency else f"usually {cents(usual):f} a day"
