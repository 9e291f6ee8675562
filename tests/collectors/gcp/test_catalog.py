"""Google's catalog: list prices of GPUs as units and billionths, and the projects of a billing account."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from recorded_api import Answer, RecordedApi

from collectors.base import CollectError, Window
from collectors.gcp.catalog import TYPE
from collectors.gcp.gpu_prices import gpu_prices, model_of, money

SKUS = "/v1/services/6F81-5844-456A/skus"
PROJECTS = "/v1/billingAccounts/01AB23-45CD67-89EF01/projects"
RECORDED = Path(__file__).parents[1] / "golden" / "gcp-catalog" / "answers.json"
DATA = Path(__file__).parents[4] / "shared" / "data" / "gcp" / "opencost_gcp_skus.json"
A_DAY = Window(datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))

pytest.importorskip("google.cloud.billing_v1", reason="google-cloud-billing is not installed: attributor[gcp]")


def first_page() -> dict[str, Any]:
    return json.loads(RECORDED.read_text(encoding="utf-8"))[0]["json"]


def read(api: RecordedApi, collecting, **options: Any):
    return collecting.read(TYPE, A_DAY, endpoint_url=api.url, **options)


@pytest.mark.parametrize(
    ("units", "nanos", "amount"),
    [("2", 933908000, "2.933908"), ("0", 1, "0.000000001"), ("-1", -500000000, "-1.5"), ("9007199254740993", 0, None)],
)
def test_money_is_units_and_billionths_exactly(units: str, nanos: int, amount: str | None) -> None:
    from google.type.money_pb2 import Money

    assert money(Money(units=int(units), nanos=nanos)) == Decimal(amount or units)


@pytest.mark.parametrize(
    ("description", "model"),
    [
        ("Nvidia Tesla A100 80GB GPU attached to Spot Preemptible VMs running in Americas", "A100 80GB"),
        ("Commitment v1: Nvidia H100 80GB GPU running in Iowa for 1 Year", "H100 80GB"),
        ("Nvidia L4 GPU running in Belgium", "L4"),
        ("Cloud TPU v5e", "Cloud TPU v5e"),
    ],
)
def test_a_model_is_the_gpu_without_its_maker(description: str, model: str) -> None:
    assert model_of(description) == model


def test_a_real_answer_of_the_catalog_has_the_price_of_an_a100() -> None:
    if not DATA.exists():
        pytest.skip("the recorded answer of the catalog is not beside this checkout")
    from google.cloud.billing_v1 import ListSkusResponse

    answer = ListSkusResponse.from_json(DATA.read_text(encoding="utf-8"), ignore_unknown_fields=True)
    found = {price.description: price for price in gpu_prices(answer.skus)}
    price = found["Nvidia Tesla A100 GPU running in Americas"]
    assert (price.model, price.terms, price.price) == ("A100", "OnDemand", Decimal("2.933908"))


def test_only_gpus_of_the_chosen_regions_are_kept_in_the_currency_asked_for(api, collecting) -> None:
    api.on(SKUS, Answer({"skus": first_page()["skus"]}))
    rows = read(api, collecting, regions=["us-east1"], currency="EUR").rows
    assert [dict(row["facts"])["region"] for row in rows] == ["us-east1"]
    assert api.requests[0].query["currencyCode"] == "EUR"


def test_a_price_is_written_for_the_days_on_which_it_held_and_for_none_before(api, collecting) -> None:
    api.on(SKUS, Answer({"skus": first_page()["skus"]}))
    window = Window(datetime(2026, 9, 30, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))
    rows = collecting.read(TYPE, window, endpoint_url=api.url, regions=["us-east1"]).rows
    assert [row["x_Day"].isoformat() for row in rows] == ["2026-10-02"]


def test_a_missing_permission_is_named(api, collecting) -> None:
    api.on(SKUS, Answer({"skus": []}))
    api.on(PROJECTS, Answer({"error": {"code": 403, "message": "The caller does not have permission"}}, 403))
    collector = collecting.build(TYPE, endpoint_url=api.url, billing_accounts=["billingAccounts/01AB23-45CD67-89EF01"])
    prices, need = collector.probe()
    assert (prices.problem, need.permission) == (None, "billing.resourceAssociations.list")
    assert "01AB23-45CD67-89EF01 (billing.resourceAssociations.list): 403" in str(need.problem)


def test_a_page_that_comes_twice_counts_nothing(api, collecting) -> None:
    api.on(SKUS, Answer(first_page()))
    with pytest.raises(CollectError, match="gave the same page twice") as refused:
        read(api, collecting)
    assert not refused.value.permanent


@pytest.mark.slow
def test_a_busy_catalog_is_asked_again(api, collecting) -> None:
    api.on(SKUS, Answer({"skus": first_page()["skus"]}))
    api.misbehave(Answer({"error": {"code": 429, "message": "Quota exceeded"}}, 429))
    assert len(read(api, collecting).rows) == 3
