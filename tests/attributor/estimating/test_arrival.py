"""Whatever comes in whatever order, a day costs its estimate or its bill, and never both."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attributor.estimating.conftest import CONFIG, Priced

DAYS = range(10, 14)
Amounts = Mapping[int, int]
amounts = st.dictionaries(st.sampled_from(DAYS), st.integers(0, 9), max_size=4)
steps = st.lists(st.tuples(st.sampled_from(["bill", "usage"]), amounts), min_size=2, max_size=4)


class Reference:
    """What is known, and what each day costs by it."""

    def __init__(self) -> None:
        self.bill: Amounts = {}
        self.usage: Amounts = {}
        self.covered: set[int] = {9}

    def take(self, kind: str, amounts: Amounts) -> None:
        if kind == "usage":
            self.usage = amounts
        else:
            self.bill = amounts
            self.covered |= amounts.keys()

    def cost(self, day: int) -> Decimal:
        complete = day in self.covered and max(self.covered) > day
        if self.usage.get(day) and not complete:
            return Decimal(self.usage[day]) / 1000 * 2
        return Decimal(self.bill.get(day, 0))


def arrive(company: Priced, kind: str, amounts: Amounts) -> None:
    if kind == "bill":
        rows = [row for day, cost in amounts.items() for row in (f"{day} Chat {cost} search", f"{day} Storage 1 ads")]
        company.bill("09 Chat 1 search", *rows)
    else:
        company.usage("09 00 input 0 ads", *(f"{day} 08 input {count} ads" for day, count in amounts.items()))
    answer = company.run()
    assert answer.code == 0, answer.err


def chat(company: Priced) -> dict[int, Decimal]:
    costs = company.costs("day", "service")
    return {int(day[-2:]): Decimal(cost) for (day, service), cost in costs.items() if service == "Chat"}


@pytest.mark.slow
@given(arrivals=steps)
@settings(max_examples=5, deadline=None)
def test_every_day_costs_its_estimate_or_its_bill_whatever_comes_first(arrivals) -> None:
    with TemporaryDirectory() as folder:
        company, reference = Priced(Path(folder)), Reference()
        company.write("attributor.yaml", CONFIG)
        company.bill("09 Chat 1 search")
        company.usage("09 00 input 0 ads")
        for kind, amounts in arrivals:
            reference.take(kind, amounts)
            arrive(company, kind, amounts)
            found = chat(company)
            assert {day: found.get(day, Decimal(0)) for day in DAYS} == {day: reference.cost(day) for day in DAYS}
            assert company.command("reconcile", "--period", "2026-11").code == 0
        again = company.run().json
        assert (again["estimated_days"], again["attributed_days"]) == ([], [])


def test_an_estimate_is_of_the_account_that_the_charges_it_stands_for_have(priced) -> None:
    priced.change("match: {ServiceName: Chat}", 'match: {ServiceName: Chat, SubAccountId: "42"}')
    priced.usage("10 08 input 1000 search", "10 09 output 100 ads")
    assert priced.run().code == 0
    costs = priced.costs("account", "team")
    assert {key: cost for key, cost in costs.items() if key[0]} == {("42", "search"): "2", ("42", "ads"): "1"}
