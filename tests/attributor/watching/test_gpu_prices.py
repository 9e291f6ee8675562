"""What a GPU hour costs where nobody's bill says it: the same as its estimate, in the order that `prefer` says."""

from decimal import Decimal

import pytest

from attributor.app.wiring import open_duckdb
from attributor.attributing.inputs import read_inputs
from attributor.watching.gpu_prices import idle_rates
from attributor.watching.hourly import Read
from tests.attributor.watching.conftest import NOW

pytestmark = pytest.mark.slow
CONFIG = """
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
sources:
  aws: {{type: focus, path: "bills/*.csv"}}
  gpus: {{type: usage, path: "usage/*.csv"}}
teams: {{search: {{}}, ads: {{}}}}
rules:
  - {{name: cluster, match: {{tags.cluster: prod}}, split: {{by: gpu.hours, pool: prod}}}}
  - {{name: rest, owner: search}}
prices:
  - {{name: GPU hours, metric: gpu.hours, price: 4.5, currency: EUR{more}}}
"""
FACTS = "team,gpu_model,node,currency"
PREFER = ", prefer: [bill, list], replaces: {source: aws, match: {ServiceName: EC2}}"


@pytest.fixture
def rates(make):
    """Runs a cycle on a price, a bill of 48 USD for two hours of the pool `prod`, and an hour of the pool `lab`."""

    def found(more: str, *listed: str) -> dict[str, tuple[Decimal, str]]:
        company = make(CONFIG.format(more=more))
        company.usage(
            "2026-11-10T08 gpu.hours prod 2 search H100 n0 -",
            "2026-11-12T08 gpu.hours lab 1 ads A100 n1 -",
            *listed,
            facts=FACTS,
        )
        company.bill("2026-11-10 48 cluster=prod")
        company.cycle()
        with open_duckdb() as connection:
            read = Read(company.app.lake, connection, read_inputs(company.engine))
            prices = company.app.settings.prices
            told = idle_rates(company.engine, read, company.ruleset, prices, NOW)
        return {pool: (rate.per_hour, rate.currency) for pool, rate in told.items()}

    return found


def test_a_pool_without_a_bill_of_its_own_costs_the_configured_price(rates) -> None:
    assert rates("") == {"prod": (24, "USD"), "lab": (Decimal("4.5"), "EUR")}


def test_a_list_goes_before_the_price_where_the_price_prefers_it(rates) -> None:
    listed = "2026-11-11T00 gpu.list_price - 3.25 - A100 - EUR"
    assert rates(PREFER, listed)["lab"] == (Decimal("3.25"), "EUR")
    assert rates("", listed)["lab"] == (Decimal("4.5"), "EUR")


def test_what_a_price_prefers_goes_before_what_the_rules_split(rates) -> None:
    listed = "2026-11-09T00 gpu.list_price - 3.25 - H100 - EUR"
    assert rates(", prefer: list", listed)["prod"] == (Decimal("3.25"), "EUR")
    assert rates("", listed)["prod"] == (24, "USD")


def test_without_prices_nothing_is_known_of_a_pool_that_no_rule_splits(rates) -> None:
    assert rates(", until: 2026-11-01") == {"prod": (24, "USD")}
