"""What each provider sells: the one source of every amount on its bill."""

from dataclasses import dataclass

import numpy as np

from attributor.demo.aws import AWS, aws_lines
from attributor.demo.azure import AZURE, azure_lines
from attributor.demo.curves import Integers, quantities
from attributor.demo.gcp import GCP, gcp_lines
from attributor.demo.incidents import Timetable
from attributor.demo.line import Account, Line, Provider
from attributor.demo.plan import DemoPlan
from attributor.demo.tokens import ANTHROPIC, OPENAI, llm_lines, llm_quantities
from attributor.periods import Month

_FEWEST_FOR_HOURLY_NODES = 12_000


@dataclass(frozen=True)
class Sold:
    """What one provider sells: units in millionths by (line, day)."""

    provider: Provider
    lines: tuple[Line, ...]
    quantities: Integers

    def units(self, index: int) -> Integers:
        """Return a line's effective cost by day in 1e-12 USD."""
        cost: Integers = self.quantities[index] * self.lines[index].unit_cost
        return cost

    def covered_units(self) -> Integers:
        """Return by day what is covered by the commitment, in 1e-12 USD."""
        days = np.zeros(self.quantities.shape[1], dtype=np.int64)
        for index, line in enumerate(self.lines):
            if line.covered:
                days += self.units(index)
        return days


def sold_by_all(plan: DemoPlan, when: Timetable, tokens: Integers, chance: np.random.Generator) -> tuple[Sold, ...]:
    """Return what AWS, Azure, Google Cloud, OpenAI and Anthropic sell, in this order."""
    clouds = (
        (AWS, aws_lines(hourly_nodes=plan.charges >= _FEWEST_FOR_HOURLY_NODES)),
        (AZURE, azure_lines()),
        (GCP, gcp_lines()),
    )
    return (
        *(Sold(provider, lines, quantities(lines, plan, when, chance)) for provider, lines in clouds),
        *(Sold(each, llm_lines(each), llm_quantities(each, tokens, plan.days)) for each in (OPENAI, ANTHROPIC)),
    )


def days_of(plan: DemoPlan, month: Month) -> slice:
    """Return which of the plan's days lie in a month."""
    start = min(plan.days, max(0, (month.first - plan.first).days))
    return slice(start, min(plan.days, max(start, (month.end - plan.first).days)))


def units_by_account(sold: Sold, plan: DemoPlan, month: Month) -> dict[Account, int]:
    """Return the effective cost of a month's days by account in 1e-12 USD; accounts without any are left out."""
    days = days_of(plan, month)
    found: dict[Account, int] = {}
    for index, line in enumerate(sold.lines):
        found[line.account] = found.get(line.account, 0) + int(sold.units(index)[days].sum())
    return {account: units for account, units in sorted(found.items(), key=lambda pair: pair[0].id) if units}
