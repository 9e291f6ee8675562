"""An explanation for people at a terminal: the largest of everything, and how much more there is."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from attributor.money import plain, shown
from attributor.reports.costs import Basis
from attributor.reports.explanation import CorrectionLine, DayOfRule, Explained, RuleLine, in_basis
from rules.explanation import Flow, UsedBy, WeighedBy, Weighing, Weight

_SHOWN = 5
_VERSION = 12


def told(report: Explained) -> Iterator[str]:
    """Yield the lines of one answer."""
    subject, money = report.subject, report.currency
    of = ", ".join([subject.team, *(value or f"no {word}" for word, value in subject.filters.items())])
    yield f"{of}, {subject.day or subject.period}: {shown(report.cost, money)} {subject.basis} cost"
    for line in report.rules:
        yield from _rule(line, subject.basis, money)
    for correction in report.corrections:
        yield from _correction(correction, subject.basis, money)


def _rule(line: RuleLine, basis: Basis, money: str) -> Iterator[str]:
    where = f" ({line.file}:{line.line})" if line.line else ""
    name = f"rule `{line.rule}`" if line.rule else "no rule"
    marks = [line.method, line.idle_cause and f"idle: {line.idle_cause}", line.fallback]
    marks += [line.shared_step and f"passed on by {line.shared_step}", f"version {line.version[:_VERSION]}"]
    yield f"\n{shown(line.cost, money)}  {name}{where}  [{', '.join(mark for mark in marks if mark)}]"
    for day in line.days:
        yield f"  {day.day}  {shown(in_basis(day.part.costs, basis), money)}"
        for text in _of_day(day, basis, money):
            yield f"    {text}"


def _correction(line: CorrectionLine, basis: Basis, money: str) -> Iterator[str]:
    corrected = f"correction of {line.day}, in the closed month {line.corrects}, posted on {line.posted_on}"
    yield f"\n{shown(line.difference, money)}  {corrected}"
    for word, cost, rules in (("before", line.before, line.rules_before), ("after", line.after, line.rules_after)):
        yield f"  {word} {shown(cost, money)}"
        for rule in rules:
            for text in _rule(rule, basis, money):
                yield "    " + text.lstrip("\n")


def _of_day(day: DayOfRule, basis: Basis, money: str) -> Iterator[str]:
    for reason in day.part.reasons:
        yield f"{shown(in_basis(reason.costs, basis), money)}: {reason.text}"
    for flow in day.part.step_flows:
        yield f"{flow.provider} was used by {_flow(flow)}"
        yield from _weighed_by(flow.weighed_by)
    if day.part.step_weights:
        yield f"so its cost goes to {', '.join(f'{one.owner} {_percent(one.share)}' for one in day.part.step_weights)}"
    for weighing in day.part.weighings[:_SHOWN]:
        yield from _weighing(weighing, basis, money)
    left = day.part.weighings[_SHOWN:]
    if left:
        rest = sum(len(weighing.charges) for weighing in left)
        yield f"… and {len(left)} more windows with {rest} charges: --format json lists them"


def _flow(flow: Flow) -> str:
    return ", ".join(f"{one.owner} ({plain(one.quantity)} {flow.unit})" for one in flow.weights)


def _weighing(weighing: Weighing, basis: Basis, money: str) -> Iterator[str]:
    if weighing.metric and weighing.window_start and weighing.window_end:
        window = f"{weighing.window_start:%Y-%m-%d %H:%M} to {weighing.window_end:%Y-%m-%d %H:%M} UTC"
        pool = f" of {weighing.pool}" if weighing.pool else ""
        yield f"by {weighing.metric}{pool}, {window}: {shown(in_basis(weighing.costs, basis), money)}"
    for weight in weighing.weights:
        yield f"  {_weight(weight)}"
    if weighing.note:
        yield f"  {weighing.note}"
    yield from _usage(weighing.usage)
    yield from _weighed_by(weighing.weighed_by)
    for charge in weighing.charges[:_SHOWN]:
        share, whole = (shown(in_basis(costs, basis), money, 6) for costs in (charge.share, charge.own))
        yield f"  {share} of {whole}  {charge.origin}"
    rest = len(weighing.charges[_SHOWN:]) + (weighing.more.count if weighing.more else 0)
    if rest:
        yield f"  … and {rest} more charges"


def _weight(weight: Weight) -> str:
    cause = f" ({weight.idle_cause})" if weight.idle_cause else ""
    return f"{weight.owner}{cause}: {plain(weight.quantity)} = {_percent(weight.share)}"


def _usage(usage: Sequence[UsedBy]) -> Iterator[str]:
    for used in usage:
        if used.rows:
            yield f"  {used.metric} of {used.owner}: {plain(used.quantity)}, read from"
        for row in used.rows:
            yield f"    {plain(row.quantity)}  {row.hour:%Y-%m-%d %H:%M}  {row.origin or row.source}"
        if used.rows and used.more:
            yield f"    {plain(used.more.quantity)}  in {used.more.count} more rows"


def _weighed_by(found: Sequence[WeighedBy]) -> Iterator[str]:
    for weight in found:
        yield f"  cost of {weight.owner}: {plain(weight.cost)}, of"
        for day in sorted(weight.days, key=lambda day: day.cost.copy_abs(), reverse=True)[:_SHOWN]:
            counted = "" if day.charges is None else f"  {day.charges} charge{'' if day.charges == 1 else 's'}"
            yield f"    {plain(day.cost)}  {day.day}{counted}"
        more = len(weight.days) - _SHOWN
        if more > 0:
            yield f"    … and {more} more days: --format json lists them"


def _percent(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / Decimal(share.denominator):.2%}"
