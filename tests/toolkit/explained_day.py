"""A made-up day of a team with everything that an explanation can hold."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from attributor.periods import Month
from attributor.reports.explanation import CorrectionLine, DayOfRule, Explained, RuleLine
from attributor.reports.subject import Subject
from rules.explanation import (
    ChargeShare,
    CostDay,
    Costs,
    Flow,
    MoreCharges,
    MoreUsage,
    Reason,
    RulePart,
    UsageRow,
    UsedBy,
    WeighedBy,
    Weighing,
    Weight,
)

_DAY = date(2026, 11, 3)
_START = datetime(2026, 11, 3, tzinfo=UTC)


def _costs(amount: str) -> Costs:
    return Costs(Decimal(amount), Decimal(amount), Decimal(amount))


def _weighing(hour: int, given: str) -> Weighing:
    start = _START + timedelta(hours=hour)
    weights = (
        Weight("research", "", Decimal(3), Fraction(1, 2)),
        Weight("ads", "held", Decimal(3), Fraction(1, 2)),
    )
    rows = (UsageRow("gpus", start, "gpu-prod", Decimal(2), "usage/gpus.csv:7"),)
    used = (UsedBy("gpu.hours", "gpu-prod", "research", Decimal(3), rows, MoreUsage(1, Decimal(1))),)
    charges = (ChargeShare("bills/a-long-name-of-a-file-of-the-bill.csv.gz:41", _costs("8"), _costs("4")),)
    more = MoreCharges(2, _costs("4"), _costs(str(Decimal(given) - 4)))
    end = start + timedelta(hours=1)
    weighed_by = (WeighedBy("research", Decimal(3), (CostDay(_DAY, Decimal(3), 1),)),)
    return Weighing(
        "gpu.hours", "gpu-prod", start, end, weights, "", "gpu.hours", used, weighed_by, _costs(given), charges, more
    )


def _rule(rule: str, amount: str, step: str = "", reasons: tuple[Reason, ...] = (), hours: int = 1) -> RuleLine:
    each = str(Decimal(amount) / hours)
    weighings = tuple(_weighing(hour, each) for hour in range(hours))
    weights = (Weight("research", "", Decimal(1), Fraction(1)),)
    flows = (Flow("platform", "requests", weights, ()),) if step else ()
    shared = weights if step else ()
    line, method = (7 if rule else 0), ("usage" if rule else "unattributed")
    part = RulePart(rule, "rules.yaml", line, method, "", "", step, shared, flows, reasons, _costs(amount), weighings)
    days = (DayOfRule(_DAY, part),)
    return RuleLine(rule, "rules.yaml", line, "0f1e2d" * 9, method, "", "", step, Decimal(amount), days)


def explained_day(subject: Subject) -> tuple[Explained, ...]:
    """Return an answer of 40: what rules gave, what a shared team passed on, what nobody claimed, a correction of 5."""
    reasons = (Reason("tags.team names no team: serach", _costs("5")),)
    rules = (
        _rule("shared GPU cluster", "20", hours=2),
        _rule("team tag", "10", "platform"),
        _rule("", "5", "", reasons),
    )
    before, after = (_rule("team tag", "5"),), (_rule("team tag", "10"),)
    correction = CorrectionLine(Month(2026, 9), date(2026, 9, 7), _DAY, before, after)
    return (Explained(subject, "USD", Decimal(40), rules, (correction,)),)
