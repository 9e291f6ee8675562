"""What a day may hold: sums of sizes, so that nothing that cancels out hides in it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from attributor.ingest.limits import MOST_A_DAY, refuse_too_large
from attributor.ingest.staging import Staged
from collectors.base import CollectError
from collectors.schema import CHARGES


@pytest.fixture
def refused(tmp_path: Path):
    """The problems with charges of one day, given by their costs and origins."""

    def check(*costs: str, origin: str = "bill.csv:{}") -> list[str]:
        amounts = pa.array([Decimal(cost) for cost in costs], CHARGES.field("BilledCost").type)
        columns: dict[str, pa.Array] = {name: pa.nulls(len(costs), CHARGES.field(name).type) for name in CHARGES.names}
        start = pa.array([datetime(2026, 11, 10, tzinfo=UTC)] * len(costs), CHARGES.field("ChargePeriodStart").type)
        columns |= dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), amounts)
        columns |= {"ChargePeriodStart": start, "x_Day": pa.array([date(2026, 11, 10)] * len(costs), pa.date32())}
        columns["x_Origin"] = pa.array([origin.format(row) for row in range(1, len(costs) + 1)], pa.string())
        loose = pa.schema([field.with_nullable(True) for field in CHARGES])
        try:
            with duckdb.connect() as connection:
                connection.register("charges", pa.table(columns, loose))
                refuse_too_large(connection, Staged("charges", tmp_path, (), "charges"), "aws")
        except CollectError as error:
            assert error.permanent
            return [f"{problem.place} {problem.row} {problem.field} {problem.value}" for problem in error.problems]
        return []

    return check


def test_a_day_up_to_the_limit_is_taken(refused) -> None:
    assert refused(str(MOST_A_DAY)) == []
    assert refused("-4E12", "4E12", "1E12") == []


def test_what_cancels_out_counts_all_the_same_and_the_largest_row_is_named(refused) -> None:
    assert refused("1", "-6E12", "5E12")[0] == "bill.csv 2 BilledCost -6000000000000"


def test_sums_beyond_any_exact_type_are_refused_too(refused) -> None:
    assert refused(*["9" * 26] * 100)[0].startswith("bill.csv ")


def test_an_origin_that_is_no_row_of_a_file_is_named_as_it_is(refused) -> None:
    assert refused("1E13", origin="request abc")[0] == "request abc None BilledCost 10000000000000"
