"""The four bills: built line by line, then written file by file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa

from attributor.demo import files, focus
from attributor.demo.fees import Columns, commitment, gcp_credits, monthly_fees, refund
from attributor.demo.incidents import RESTATED_PERCENT, Timetable
from attributor.demo.monthly import billed_months, monthly_charges
from attributor.demo.plan import DemoPlan
from attributor.demo.rows import ChargeRows, expand, row_counts
from attributor.demo.sold import Sold

_LLM_PERCENT = 5
"""Of all charges."""
_AWS_PERCENT = 61
"""Of the three clouds' charges."""
_AZURE_PERCENT = 43
"""Of the other two clouds' charges."""


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


def bills(
    plan: DemoPlan,
    sold: Sequence[Sold],
    when: Timetable,
    contracts: Mapping[str, Decimal],
    chance: np.random.Generator,
) -> Bills:
    """Return the four bills; together they hold the charges asked for. `contracts` are this month's, in USD by team."""
    aws, azure, gcp, openai, anthropic = sold
    for_llm = max(plan.charges * _LLM_PERCENT // 100, _fewest(openai) + _fewest(anthropic))
    fees = _aws_fees(plan, aws, contracts)
    for_aws = (plan.charges - for_llm) * _AWS_PERCENT // 100
    aws_table = _with(_charges(aws, plan, for_aws - len(fees), chance), fees)
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


def _aws_fees(plan: DemoPlan, aws: Sold, contracts: Mapping[str, Decimal]) -> list[Columns]:
    months = [monthly_charges(plan, aws, month, contracts) for month in billed_months(plan)]
    return [*(fee for month in months for fee in monthly_fees(month)), *commitment(plan, aws), refund(plan)]


def _fewest(sold: Sold) -> int:
    """Return how many charges there are where every line has one a day."""
    return int((sold.quantities > 0).sum())


def _charges(sold: Sold, plan: DemoPlan, wanted: int, chance: np.random.Generator) -> pa.Table:
    return focus.charges(sold.provider, sold.lines, _rows(sold, wanted, chance), plan)


def _rows(sold: Sold, wanted: int, chance: np.random.Generator) -> ChargeRows:
    return expand(sold.lines, sold.quantities, row_counts(sold.lines, sold.quantities, wanted), chance)


def _with(usage: pa.Table, others: Sequence[Columns]) -> pa.Table:
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
