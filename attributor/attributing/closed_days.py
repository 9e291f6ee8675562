"""Days of closed months: found out of date by their charges and usage alone, and posted as corrections elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from attributor.attributing.inputs import (
    Inputs,
    Rules,
    inputs_digest,
    sources_of,
    span_of,
)
from attributor.ledger.corrections import Corrections
from attributor.ledger.publications import Publication
from attributor.ledger.statements import Statement
from attributor.periods import Month, month_of
from collectors.base import Window


@dataclass(frozen=True)
class Frozen:
    """What the ledger holds of closed months: their statements, the frozen publications and later corrections."""

    statements: Mapping[Month, Statement]
    published: Mapping[tuple[str, date], Publication]
    corrections: Corrections


@dataclass(frozen=True)
class _Standing:
    """From what a day was last attributed; `rules` is the digest that its inputs' digest has for the rules."""

    digest: str
    span: Window | None
    rules: str


def outdated_closed_days(inputs: Inputs, frozen: Frozen) -> dict[Month, list[date]]:
    """Return, by closed month, the days whose charges or usage are others than those they were last attributed from.

    Rules do not count: a day is held against its inputs by the rules that its month was closed with.
    """
    standings = _standings(frozen)
    present = {day for _, day in (*inputs.charges, *inputs.usage)}
    found: dict[Month, list[date]] = {}
    for day in sorted(present | standings.keys()):
        statement = frozen.statements.get(month_of(day))
        if statement is not None and _is_outdated(inputs, day, standings.get(day)):
            found.setdefault(statement.month, []).append(day)
    return found


def _standings(frozen: Frozen) -> dict[date, _Standing]:
    found = {
        day: _Standing(
            of.source.inputs_digest, span_of(of.source.usage_start, of.source.usage_end), of.source.day_rules
        )
        for (_, day), of in frozen.published.items()
    }
    for day, posted in frozen.corrections.items():
        state = posted[-1].state
        found[day] = _Standing(state.inputs_digest, span_of(state.usage_start, state.usage_end), state.rules_digest)
    return found


def _is_outdated(inputs: Inputs, day: date, standing: _Standing | None) -> bool:
    if standing is None:
        return bool(sources_of(inputs, day))
    # Whether those rules lean on whole months is not asked: only one of both digests can be the one of before.
    both = (Rules(standing.rules, lean_on_month=lean) for lean in (False, True))
    return standing.digest not in (inputs_digest(inputs, day, standing.span, rules) for rules in both)
