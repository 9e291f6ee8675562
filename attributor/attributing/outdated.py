"""What is out of date: days of open months by inputs and rules, those of closed months by their inputs alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from attributor.attributing.closed_days import Frozen, outdated_closed_days
from attributor.attributing.inputs import Inputs, outdated_days, read_inputs
from attributor.ledger.corrections import corrections
from attributor.ledger.publications import publications
from attributor.ledger.statements import Statement, closed_months
from attributor.periods import Month
from rules.daily.digest import daily
from rules.ruleset import RuleSet


@dataclass(frozen=True)
class Outdated:
    """What is collected, and which UTC days were last attributed from something else, the oldest first.

    `days` are those of open months, `closed` those of closed ones by month; `statements` are the closed months'.
    """

    inputs: Inputs
    days: tuple[date, ...]
    closed: Mapping[Month, tuple[date, ...]]
    statements: Mapping[Month, Statement]


def find_outdated(engine: Engine, ruleset: RuleSet) -> Outdated:
    """Hold what is collected against what is published and corrected."""
    inputs, published, closed = read_inputs(engine), publications(engine), closed_months(engine)
    frozen = Frozen(closed, published, corrections(engine))
    return Outdated(
        inputs=inputs,
        days=tuple(outdated_days(inputs, published, daily(ruleset), closed)),
        closed={month: tuple(days) for month, days in outdated_closed_days(inputs, frozen).items()} if closed else {},
        statements=closed,
    )
