"""Days of a closed month attributed again by the rules it was closed with: the difference enters an open month."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial

from attributor.attributing.attribute import Clock, Workshop, committed, done_unless_closing_changed
from attributor.attributing.attributed import AttributedDay
from attributor.attributing.inputs import Inputs, frozen_rules, inputs_digest, month_usage, usage_days, versions_of
from attributor.ledger.corrections import DayState, post_correction
from attributor.periods import Month, month_of
from collectors.base import Window
from rules.ruleset import RuleSet


def correct_month(workshop: Workshop, month: Month, days: Sequence[date], clock: Clock) -> Iterator[tuple[str, ...]]:
    """Attribute days of a closed month and post what they differ by; yield each day's warnings.

    The workshop reads with the rules that the month was closed with. Raises LeaseLostError where another leader took
    over: days posted before stand, the others are untouched.
    """
    for attributed in workshop.work(workshop.reading, month, days):
        yield done_unless_closing_changed(attributed, partial(_post, workshop, attributed, clock()))


def _post(workshop: Workshop, attributed: AttributedDay, now: datetime) -> None:
    reading = workshop.reading
    version = committed(reading.lake, attributed, now)
    state = _state(reading.inputs, reading.ruleset, attributed, version)
    post_correction(workshop.engine, workshop.lease, attributed.day, (state, attributed.rollup), now)


def _state(inputs: Inputs, ruleset: RuleSet, attributed: AttributedDay, allocations_version: int) -> DayState:
    """Return what a correction says of where it comes from: enough to attribute the day once more alike."""
    day, rules = attributed.day, frozen_rules(ruleset)
    span = None if attributed.span is None else Window(attributed.span.start, attributed.span.end)
    charges = {key: found for key, found in inputs.charges.items() if key[1] == day}
    usage = usage_days(inputs, span, day)
    if rules.lean_on_month:
        month = month_of(day)
        charges = {key: found for key, found in inputs.charges.items() if month_of(key[1]) == month}
        usage |= usage_days(inputs, month_usage(month), day)
    return DayState(
        rules_digest=ruleset.digest,
        inputs_digest=inputs_digest(inputs, day, span, rules),
        charges_versions=versions_of(charges),
        usage_versions=versions_of(usage),
        usage_start=None if span is None else span.start,
        usage_end=None if span is None else span.end,
        allocations_version=allocations_version,
    )
