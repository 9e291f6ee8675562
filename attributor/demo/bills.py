"""The four bills: built line by line, then written file by file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from attributor.demo import files, focus
from attributor.demo.aws import AWS, aws_lines
from attributor.demo.azure import AZURE, azure_lines
from attributor.demo.curves import Integers, quantities
from attributor.demo.fees import aws_fees, gcp_credits
from attributor.demo.gcp import GCP, gcp_lines
from attributor.demo.incidents import RESTATED_PERCENT, Timetable
from attributor.demo.line import Line, Provider
from attributor.demo.plan import DemoPlan
from attributor.demo.rows import ChargeRows, expand, row_counts
from attributor.demo.tokens import ANTHROPIC, OPENAI, llm_lines, llm_quantities

_LLM_PERCENT = 5
"""Of all charges."""
_AWS_PERCENT = 61
"""Of the three clouds' charges."""
_AZURE_PERCENT = 43
"""Of the other two clouds' charges."""
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


@dataclass(frozen=True)
class Bill:
    """One source's bill: its name below `bills/`, its charges, and how its files are written."""

    source: str
    table: pa.Table
    split: Callable[[pa.Table], Iterable[tuple[str, pa.Table]]]
    suffix: str
    write: Callable[[pa.Table, Path], None]

    def path(self, period: str) -> str:
        """Return where the file of a month or day lies, relative to the demo's folder."""
        return f"bills/{self.source}/focus-{period}{self.suffix}"


@dataclass(frozen=True)
class Bills:
    """What is billed now, and the one day that a provider states anew later."""

    now: tuple[Bill, ...]
    later: Bill


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


def bills(plan: DemoPlan, sold: Sequence[Sold], when: Timetable, chance: np.random.Generator) -> Bills:
    """Return the four bills; together they hold the charges asked for."""
    aws, azure, gcp, openai, anthropic = sold
    for_llm = max(plan.charges * _LLM_PERCENT // 100, _fewest(openai) + _fewest(anthropic))
    aws_usage = _charges(aws, plan, (plan.charges - for_llm) * _AWS_PERCENT // 100, chance)
    aws_table = _with(aws_usage, aws_fees(plan, aws_usage))
    others = plan.charges - for_llm - aws_table.num_rows
    azure_table = _charges(azure, plan, others * _AZURE_PERCENT // 100, chance)
    credited = gcp_credits(plan)
    gcp_rows = _rows(gcp, others - azure_table.num_rows - len(credited), chance)
    gcp_table = _with(focus.charges(gcp.provider, gcp.lines, gcp_rows, plan), credited)
    left = plan.charges - aws_table.num_rows - azure_table.num_rows - gcp_table.num_rows
    spare = max(0, left - _fewest(openai) - _fewest(anthropic))
    openai_table = _charges(openai, plan, _fewest(openai) + spare // 2, chance)
    anthropic_table = _charges(anthropic, plan, left - openai_table.num_rows, chance)
    restated = focus.charges(gcp.provider, gcp.lines, _restated(gcp_rows, when.restated_day), plan)
    return Bills(
        (
            Bill("aws", aws_table, files.by_month, ".csv.gz", files.write_aws),
            Bill("azure", azure_table, files.by_month, ".parquet", files.write_azure),
            Bill("gcp", gcp_table, files.by_day, ".csv", files.write_gcp),
            Bill("llm", pa.concat_tables([openai_table, anthropic_table]), files.by_month, ".csv", files.write_llm),
        ),
        Bill("gcp", _with(restated, [credited[when.restated_day]]), files.by_day, ".csv", files.write_gcp),
    )


def _fewest(sold: Sold) -> int:
    """Return how many charges there are where every line has one a day."""
    return int((sold.quantities > 0).sum())


def _charges(sold: Sold, plan: DemoPlan, wanted: int, chance: np.random.Generator) -> pa.Table:
    return focus.charges(sold.provider, sold.lines, _rows(sold, wanted, chance), plan)


def _rows(sold: Sold, wanted: int, chance: np.random.Generator) -> ChargeRows:
    return expand(sold.lines, sold.quantities, row_counts(sold.lines, sold.quantities, wanted), chance)


def _with(usage: pa.Table, others: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.concat_tables([usage, focus.extra_charges(others)])


def _restated(rows: ChargeRows, day: int) -> ChargeRows:
    """Return the rows of one day as the provider states them later, every quantity higher by one factor."""
    chosen = rows.day == day
    return ChargeRows(
        line=rows.line[chosen],
        day=rows.day[chosen],
        hour=rows.hour[chosen],
        resource=rows.resource[chosen],
        quantity=rows.quantity[chosen] * RESTATED_PERCENT // 100,
    )
